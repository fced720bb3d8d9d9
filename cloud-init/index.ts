export { servesApplication } from "./application";
export type { AwsPlaces, ProgramsPlace } from "./aws";
export { compress, packUserData, USER_DATA_LIMIT } from "./compress";
export type { MachineFile } from "./file";
export { packages } from "./packages";
export { APPLICATION_DIRECTORY, DATA_DIRECTORY, SECRETS_DIRECTORY, type SecretName, secretNames } from "./secrets";
export { READINESS_COMMAND } from "./system";
export {
  awsMachineFiles,
  dockerMachineFiles,
  machineFiles,
  PROGRAMS_ARCHIVE,
  renderAwsUserData,
  renderUserData,
  type UserDataOptions,
} from "./user-data";
