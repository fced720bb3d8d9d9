/** What is used of `ora`, which is an ES module and only loaded where there is a terminal. */
interface Spinner {
  text: string;
  readonly isSpinning: boolean;
  start(): unknown;
  stop(): unknown;
  clear(): unknown;
  render(): unknown;
}

/** Something that is under way. */
export interface Step {
  readonly what: string;
  readonly since: number;
  note: string;
}

/** Shows what goes on: a spinner with the time in a terminal, plain lines elsewhere (logs, CI). */
export class Progress {
  private spinner: Spinner | undefined;
  private ticker: NodeJS.Timeout | undefined;
  /** What `begin` began. */
  private current: Step | undefined;
  private readonly steps = new Set<Step>();
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

  /** One step starts: "creating web-1". Ends with `done` or `failed`, or when the next one begins. */
  begin(what: string): void {
    this.stop();
    this.current = this.beside(what);
  }

  /** A step starts while others are under way; it is named when something is said of it. Ends with `done` or `failed`. */
  beside(what: string): Step {
    const step = { what, note: "", since: Date.now() };
    this.steps.add(step);
    this.spinner?.start();
    this.render();
    if (this.spinner) this.ticker ??= setInterval(() => this.render(), 100);
    return step;
  }

  /** What a step is doing right now. */
  note(message: string, step = this.current): void {
    const note = message.split("\n")[0]?.trim() ?? "";
    if (!step || note === step.note) return;
    step.note = note;
    if (this.spinner) this.render();
    else this.write(`    ${step.what}: ${note} (${elapsed(step)})`);
  }

  done(message: string, step = this.current): void {
    this.end(step);
    this.say(`  ✔ ${message}  ${elapsed(step)}`);
  }

  failed(message: string, step = this.current): void {
    this.end(step);
    this.say(`  ✖ ${message}  ${elapsed(step)}`);
  }

  /** A line or more of its own, at any time. */
  say(text: string): void {
    const spinning = this.spinner?.isSpinning ?? false;
    if (spinning) this.spinner?.clear();
    this.write(text);
    if (spinning) this.spinner?.render();
  }

  /** Ends what `begin` began without a word. */
  stop(): void {
    this.end(this.current);
  }

  /** Ends a step without a word. */
  end(step: Step | undefined): void {
    if (!step) return;
    this.steps.delete(step);
    if (step === this.current) this.current = undefined;
    if (this.steps.size > 0) return;
    clearInterval(this.ticker);
    this.ticker = undefined;
    this.spinner?.stop();
  }

  redact(text: string): string {
    let clean = text;
    for (const secret of this.secrets) clean = clean.replaceAll(secret, "[secret]");
    return clean;
  }

  private render(): void {
    if (!this.spinner) return;
    const shown = [...this.steps].map((step) => `${step.what}${step.note ? ` · ${step.note}` : ""}  ${elapsed(step)}`);
    this.spinner.text = this.redact(shown.join("\n  "));
  }

  private write(text: string): void {
    this.stream.write(`${this.redact(text)}\n`);
  }
}

const elapsed = (step: Step | undefined) => (step ? seconds(Date.now() - step.since) : "");

/** A duration for people: "7.9 s", "2 min 5 s". */
export function seconds(milliseconds: number): string {
  if (milliseconds < 100_000) return `${(milliseconds / 1000).toFixed(1)} s`;
  return `${Math.floor(milliseconds / 60_000)} min ${Math.round((milliseconds % 60_000) / 1000)} s`;
}
