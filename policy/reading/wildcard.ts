/** A pattern with `*` as a regular expression for whole texts; `any` is what `*` stands for. */
export function wildcard(pattern: string, any = ".*"): RegExp {
  const parts = pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(any)}$`, "s");
}
