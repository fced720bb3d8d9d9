/** By which people, policies and the commands find what belongs to a stack: labels of Docker, tags of AWS. */
export const LABEL = {
  stack: "web-infrastructure.stack",
  /** The machine's name, such as `web-1`. */
  machine: "web-infrastructure.machine",
  /** Its roles, with commas between. */
  roles: "web-infrastructure.roles",
  /** On a container with a database: all database machines of the topology it was made for, with commas between. */
  databases: "web-infrastructure.databases",
} as const;
