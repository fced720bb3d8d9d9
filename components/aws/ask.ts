import { ConfigError } from "../../config";

/** AWS's answer, or an error that names the setting it is about. */
export async function ask<T>(setting: string, answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n", 1)[0] : String(error);
    throw new ConfigError(`AWS can't answer what ${setting} asks: ${reason}`);
  }
}
