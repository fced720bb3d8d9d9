import { explained } from "../../engine/providers/docker-errors";
import { useDockerHost } from "../../engine/setup/docker-host";
import { LABEL } from "../../topology";

/** Whether there is any machine of the stack, running or not. */
export function machinesExist(stack: string): Promise<boolean> {
  return explained(async () => {
    useDockerHost();
    // Loaded here because it takes 0.1 s and the Pulumi program doesn't need it otherwise.
    const { default: Docker } = await import("dockerode");
    const filters = { label: [`${LABEL.stack}=${stack}`] };
    return (await new Docker().listContainers({ all: true, filters })).length > 0;
  });
}
