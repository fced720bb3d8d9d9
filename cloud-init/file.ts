import { readFileSync } from "node:fs";
import { join } from "node:path";
import Handlebars from "handlebars";

/** A file as cloud-init writes it on a machine. */
export interface MachineFile {
  readonly path: string;
  readonly content: string;
  /** `user:group` */
  readonly owner: string;
  /** Octal, such as `0644`. */
  readonly permissions: string;
}

/** `files/` mirrors the machine: `files/etc/nginx/nginx.conf.hbs` becomes `/etc/nginx/nginx.conf` there. */
const filesDirectory = join(__dirname, "files");

/** A configuration file that is the same on every machine. */
export function fixedFile(path: string): MachineFile {
  return { path, content: read(path), owner: "root:root", permissions: "0644" };
}

/** A program that is the same on every machine. */
export function program(path: string): MachineFile {
  return { ...fixedFile(path), permissions: "0755" };
}

/** Settings for a program of the machine, which people can read too. */
export function jsonFile(path: string, settings: Record<string, unknown>): MachineFile {
  return { path, content: `${JSON.stringify(settings, undefined, 2)}\n`, owner: "root:root", permissions: "0644" };
}

/**
 * A file made from the Handlebars template of the same name with `.hbs` at its end.
 * @throws Error when the template names a value that isn't given.
 */
export function renderedFile(path: string, values: Record<string, unknown>, permissions = "0644"): MachineFile {
  return { path, content: template(`${path}.hbs`)(values), owner: "root:root", permissions };
}

/** Compiled, for all machines of a stack: that takes most of the time. */
const templates = new Map<string, Handlebars.TemplateDelegate>();

function template(path: string): Handlebars.TemplateDelegate {
  // strict: a misspelt name is an error; noEscape: this is not HTML
  const render = templates.get(path) ?? Handlebars.compile(read(path), { strict: true, noEscape: true });
  templates.set(path, render);
  return render;
}

function read(path: string): string {
  return readFileSync(join(filesDirectory, path), "utf8");
}
