/** What is used of `ora`, which is an ES module and only loaded where there is a terminal. */
interface Spinner {
  text: string;
  readonly isSpinning: boolean;
  start(): unknown;
  stop(): unknown;
  clear(): unknown;
  render(): unknown;
}

/** Shows what goes on: a spinner with the time in a terminal, plain lines elsewhere (logs, CI). */
export class Progress {
  private spinner: Spinner | undefined;
  private ticker: NodeJS.Timeout | undefined;
  private current: { what: string; note: string; since: number } | undefined;
  private readonly secrets = new Set<string>();

  private constructor(
    private readonly stream: NodeJS.WriteStream,
    readonly verbose: boolean,
  ) {}

  static async create(stream: NodeJS.WriteStream = process.stdout, verbose = false): Promise<Progress> {
    const progress = new Progress(stream, verbose);
    // A terminal without a width (some CI systems, `script`) makes ora count lines for ever.
    if (stream.isTTY && stream.columns > 0 && !process.env.CI) {
      const { default: ora } = await import("ora");
      // discardStdin would take Ctrl-C away from us.
      progress.spinner = ora({ stream, discardStdin: false });
    }
    return progress;
  }

  /** Texts that must never be shown, whoever writes them. */
  hide(secrets: Iterable<string>): void {
    for (const secret of secrets) this.secrets.add(secret);
  }

  /** One step starts: "creating web-1". Ends with `done` or `failed`. */
  begin(what: string): void {
    this.stop();
    this.current = { what, note: "", since: Date.now() };
    this.spinner?.start();
    this.render();
    if (this.spinner) this.ticker = setInterval(() => this.render(), 100);
  }

  /** What the present step is doing right now. */
  note(message: string): void {
    const note = message.split("\n")[0]?.trim() ?? "";
    if (!this.current || note === this.current.note) return;
    this.current.note = note;
    if (this.spinner) this.render();
    else this.write(`    ${this.current.what}: ${note} (${this.elapsed()})`);
  }

  done(message: string): void {
    const time = this.elapsed();
    this.stop();
    this.write(`  ✔ ${message}  ${time}`);
  }

  failed(message: string): void {
    const time = this.elapsed();
    this.stop();
    this.write(`  ✖ ${message}  ${time}`);
  }

  /** A line or more of its own, at any time. */
  say(text: string): void {
    const spinning = this.spinner?.isSpinning ?? false;
    if (spinning) this.spinner?.clear();
    this.write(text);
    if (spinning) this.spinner?.render();
  }

  /** Ends a step without a word. */
  stop(): void {
    clearInterval(this.ticker);
    this.spinner?.stop();
    this.current = undefined;
  }

  redact(text: string): string {
    let clean = text;
    for (const secret of this.secrets) clean = clean.replaceAll(secret, "[secret]");
    return clean;
  }

  private elapsed(): string {
    return this.current ? seconds(Date.now() - this.current.since) : "";
  }

  private render(): void {
    if (!this.spinner || !this.current) return;
    const { what, note } = this.current;
    this.spinner.text = this.redact(`${what}${note ? ` · ${note}` : ""}  ${this.elapsed()}`);
  }

  private write(text: string): void {
    this.stream.write(`${this.redact(text)}\n`);
  }
}

/** A duration for people: "7.9 s", "2 min 5 s". */
export function seconds(milliseconds: number): string {
  if (milliseconds < 100_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1000)} s`;
}
