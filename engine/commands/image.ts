import { Progress } from "../progress";
import { ensureDocker } from "../setup/docker";
import { ensureMachineImage } from "../setup/image";

/** `npm run image`: the machine image alone. Running machines keep theirs until the next `npm start`. */
export async function image(isFresh: boolean, signal: AbortSignal): Promise<void> {
  const progress = await Progress.create();
  const show = (message: string) => progress.note(message);
  progress.begin("setting up Docker");
  await ensureDocker(show);
  progress.begin("machine image");
  const { name, id } = await ensureMachineImage(show, signal, isFresh);
  progress.done(`${name} is there (${id.slice(0, 19)})`);
}
