import { UserError } from "../errors";
import { useDockerHost } from "../setup/docker-host";

/** What dockerode throws: an HTTP status with the engine's message, or an error of the connection. */
interface DockerError extends Error {
  readonly statusCode?: number;
  readonly json?: { readonly message?: string };
  readonly code?: string;
}

/** The status code with which the engine refused a request; undefined for any other error. */
export function statusCode(error: unknown): number | undefined {
  return (error as DockerError)?.statusCode;
}

/** The engine's own words, without dockerode's preamble. */
export function engineMessage(error: unknown): string {
  const { json, message } = error as DockerError;
  return (json?.message ?? message).trim();
}

/**
 * Does something with Docker and turns an error of Docker into one a person can act on: it knows what happens to
 * everybody; anything else keeps the engine's own words. Our own errors pass as they are.
 */
export async function explained<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const explanation = explainDockerError(error);
    throw explanation === undefined ? error : new UserError(explanation);
  }
}

/** What a person is told about an error of Docker; undefined when it isn't one. */
function explainDockerError(error: unknown): string | undefined {
  const problem = connectionProblem(error);
  if (problem || statusCode(error) === undefined) return problem;
  const message = engineMessage(error);
  return portTaken(message) ?? resourceProblem(message) ?? message;
}

function connectionProblem(error: unknown): string | undefined {
  const host = useDockerHost();
  switch ((error as DockerError).code) {
    case "EACCES":
    case "EPERM":
      return (
        `You have no rights on Docker's socket (${host}). Join the group docker: ` +
        "`sudo usermod -aG docker $USER`, then log out and in again."
      );
    case "ENOENT":
    case "ECONNREFUSED":
    case "ECONNRESET":
    case "EPIPE":
      return `The Docker engine at ${host} doesn't answer. Start it (\`npm start\` does that on Debian and Ubuntu as root).`;
    default:
      return undefined;
  }
}

/** The engine says it in one of two ways, depending on who holds the port: another container, or a program. */
function portTaken(message: string): string | undefined {
  const match =
    /Bind for \S*:(\d+) failed: port is already allocated|listen tcp\d? \S*:(\d+): bind: address already/.exec(message);
  if (!match) return undefined;
  const port = match[1] ?? match[2];
  return (
    `Port ${port} of this host is taken, by another container or another program. Stop that one, or choose another ` +
    "port in the stack's configuration: web-infrastructure:httpPort or web-infrastructure:httpsPort (0 publishes none)."
  );
}

function resourceProblem(message: string): string | undefined {
  if (/No such image/i.test(message)) {
    return "The machine image is missing. Build it: `npm run image`.";
  }
  if (/Pool overlaps/i.test(message)) {
    return `The address range is used by another Docker network. ${CHANGE_ADDRESS_RANGE}`;
  }
  if (/Address already in use/i.test(message)) {
    return (
      "Another container holds this address in the network. Remove that one (`docker network inspect` shows which), " +
      `or take other addresses. ${CHANGE_ADDRESS_RANGE}`
    );
  }
  if (/no space left on device/i.test(message)) {
    return "The disk that Docker keeps its data on is full. `docker system df` shows what takes the space.";
  }
  return undefined;
}

/** What to do about a taken range of addresses. */
export const CHANGE_ADDRESS_RANGE =
  "Choose another one in the stack's configuration: web-infrastructure:addressRange, such as 192.168.211.0/24.";
