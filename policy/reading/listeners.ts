import { list, type Properties, record, text, UNKNOWN } from "./values";

/** What the actions of a managed load balancer do with clear-text requests. */
export type Outcome = "redirects" | "serves" | "unknown";

/** Whether every one of these actions sends clear-text requests on to HTTPS. */
export function judgeActions(actions: Properties[string], listenerPort: string | undefined): Outcome {
  if (actions === UNKNOWN) return "unknown";
  const outcomes = list(actions).map((action) => judgeAction(action, listenerPort));
  if (outcomes.includes("serves") || outcomes.length === 0) return "serves";
  return outcomes.includes("unknown") ? "unknown" : "redirects";
}

function judgeAction(given: Properties[string], listenerPort: string | undefined): Outcome {
  if (given === UNKNOWN) return "unknown";
  const { type, redirect, fixedResponse } = record(given);
  const kind = type === UNKNOWN ? "" : text(type)?.toLowerCase();
  if (kind === "fixed-response") return judgeAnswer(record(fixedResponse).statusCode);
  if (kind !== "redirect" && kind !== "") return "serves";
  if (redirect === UNKNOWN) return "unknown";
  const { protocol, port } = record(redirect);
  if (protocol !== UNKNOWN && text(protocol)?.toUpperCase() !== "HTTPS") return kind === "" ? "unknown" : "serves";
  const target = port === UNKNOWN ? UNKNOWN : (text(port) ?? "#{port}");
  // What comes in on port 80 can't go on to the same port: nothing answers TLS there.
  if (target === "80" || (target === "#{port}" && listenerPort !== undefined)) return "serves";
  return [type, protocol, target].includes(UNKNOWN) ? "unknown" : "redirects";
}

/** A refusal gives nothing away. */
function judgeAnswer(status: Properties[string]): Outcome {
  if (status === UNKNOWN) return "unknown";
  return /^[45]/.test(text(status) ?? "") ? "redirects" : "serves";
}

/**
 * The lowest TLS version (its minor number, `2` for TLS 1.2) that a security policy of AWS allows, by how such policies
 * are named: `…TLS13-1-2-…`, `…FS-1-1-…`; those that name no version start at TLS 1.0.
 */
export function lowestVersion(securityPolicy: string): number {
  return Number(/-(?:TLS\d*|FS)-1-(\d)(?:-|$)/.exec(securityPolicy)?.[1] ?? "0");
}
