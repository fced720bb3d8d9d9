// Everything here also works without JavaScript: the buttons are forms. This asks and writes without a reload.

const byId = (id) => document.getElementById(id);

/** Each machine has a colour, by the number at the end of its name. View::colour() in PHP does the same. */
const colour = (machine) => `colour-${Number(/(\d+)$/.exec(machine ?? "")?.[1] ?? 0) % 4}`;

const paint = (element, machine) => {
  element.classList.remove("colour-0", "colour-1", "colour-2", "colour-3");
  element.classList.add("machine", colour(machine));
};

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/* The line ------------------------------------------------------------------------------------------------------- */

const line = byId("line");
const tickets = byId("tickets");
const tally = byId("tally");
const counts = new Map();
const TICKETS_SHOWN = 20;

const setText = (slot, text) => {
  for (const element of document.querySelectorAll(`[data-slot="${slot}"]`)) {
    element.textContent = text;
  }
};

/** `branch`: where the request went at the end of the line, "read" or "write". */
const showLine = (served, branch = "read") => {
  const { read, write } = served.database;
  setText("web", served.webServer);
  setText("client", served.client);
  setText("loadBalancer", served.loadBalancer ?? "none");
  setText("webServer", served.webServer);
  const { webServer, applicationServer } = served;
  setText("webServerDuty", applicationServer === webServer ? "Nginx and PHP" : `Nginx; PHP on ${applicationServer}`);
  paint(line.querySelector('[data-slot="webServer"]'), served.webServer);
  setText("read", read ?? "no database");
  setText("readDuty", read ? "any server may answer" : "nothing to read from just now");
  setText("write", write ?? "no primary");
  setText("writeDuty", write ? "the primary, one at a time" : "writing waits until there is one");
  line.querySelector('[data-stop="read"]').classList.toggle("closed", !read);
  line.querySelector('[data-stop="write"]').classList.toggle("closed", !write);
  line.classList.toggle("to-write", branch === "write");
  // Start the animation anew: the class has to be gone for a moment.
  line.classList.remove("travelling");
  void line.offsetWidth;
  line.classList.add("travelling");
};

const addTicket = (webServer) => {
  const ticket = document.createElement("li");
  ticket.textContent = webServer;
  paint(ticket, webServer);
  tickets.append(ticket);
  while (tickets.children.length > TICKETS_SHOWN) {
    tickets.firstElementChild.remove();
  }
  counts.set(webServer, (counts.get(webServer) ?? 0) + 1);
};

const sayTally = () => {
  const names = [...counts.keys()].sort();
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const parts = names.map((name) => `${name} ${counts.get(name)}`);
  tally.textContent = `${total} ${total === 1 ? "answer" : "answers"} so far: ${parts.join(", ")}.`;
};

const ask = async (times) => {
  const buttons = byId("ask").querySelectorAll("button");
  for (const button of buttons) button.setAttribute("aria-disabled", "true");
  try {
    for (let number = 0; number < times; number++) {
      const response = await fetch("/api/request", { cache: "no-store" });
      if (!response.ok) throw new Error(`status ${response.status}`);
      const served = await response.json();
      showLine(served);
      addTicket(served.webServer);
      if (times > 1) await pause(120);
    }
    sayTally();
  } catch {
    tally.textContent = "No answer just now. Please ask again in a moment.";
  }
  for (const button of buttons) button.removeAttribute("aria-disabled");
};

const isBusy = (element) => element.getAttribute("aria-disabled") === "true";

if (tickets.children.length > 0) {
  counts.set(tickets.firstElementChild.textContent, 1);
}
byId("ask").addEventListener("submit", (event) => {
  event.preventDefault();
  if (!isBusy(event.submitter ?? event.target)) ask(1);
});
byId("ask-ten").hidden = false;
byId("ask-ten").addEventListener("click", (event) => {
  if (!isBusy(event.target)) ask(10);
});

/* The guestbook -------------------------------------------------------------------------------------------------- */

const form = byId("sign");
const notice = byId("notice");
const TRIES = 4;

const say = (kind, sentence) => {
  const paragraph = document.createElement("p");
  paragraph.className = kind;
  paragraph.textContent = sentence;
  notice.replaceChildren(paragraph);
};

const showErrors = (errors) => {
  for (const field of ["name", "message"]) {
    const input = byId(field);
    byId(`${field}-error`).textContent = errors[field] ?? "";
    if (errors[field]) {
      input.setAttribute("aria-invalid", "true");
      input.setAttribute("aria-describedby", `${field}-error`);
    } else {
      input.removeAttribute("aria-invalid");
      input.removeAttribute("aria-describedby");
    }
  }
  form.querySelector("[aria-invalid]")?.focus();
};

const formatTime = (iso) =>
  `${new Date(iso).toLocaleString("en-GB", { timeZone: "UTC", day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" })} UTC`;

const showEntry = (entry) => {
  if (byId(`entry-${entry.id}`)) return;
  const item = byId("entry-template").content.firstElementChild.cloneNode(true);
  const slot = (name) => item.querySelector(`[data-slot="${name}"]`);
  item.id = `entry-${entry.id}`;
  item.classList.add("own", "new");
  slot("name").textContent = entry.name;
  slot("message").textContent = entry.message;
  slot("time").dateTime = entry.createdAt;
  slot("time").textContent = formatTime(entry.createdAt);
  slot("machine").textContent = entry.webServer;
  paint(slot("machine"), entry.webServer);
  byId("entries").prepend(item);
  byId("empty")?.remove();
};

/**
 * Sends the entry; after a broken connection or while there is no primary, again. The same token goes with each try, so
 * the entry is stored once, whichever of them arrived.
 */
const send = async (entry) => {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch("/api/messages", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(entry),
    }).catch(() => null);
    const isTemporary = response === null || [502, 503, 504].includes(response.status);
    if (!isTemporary || attempt === TRIES) return response;
    say("bad", "No primary database just now. Still trying; your words are kept.");
    await pause(1000 * attempt);
  }
};

const sign = async () => {
  const button = form.querySelector("button");
  button.setAttribute("aria-disabled", "true");
  say("good", "Sending …");
  const response = await send(Object.fromEntries(new FormData(form)));
  const answer = await response?.json().catch(() => null);
  button.removeAttribute("aria-disabled");
  if (response?.status === 201 && answer) {
    showErrors({});
    showEntry(answer);
    showLine(answer.servedBy, "write");
    addTicket(answer.servedBy.webServer);
    sayTally();
    say("good", `Thank you. ${answer.webServer} wrote it to ${answer.servedBy.database.write ?? "the primary"}.`);
    form.elements.message.value = "";
    form.elements.token.value = crypto.randomUUID();
  } else if (response?.status === 422 && answer) {
    say("bad", "This is not complete yet: please look at the marked fields.");
    showErrors(answer.errors);
  } else if (response?.status === 409) {
    form.elements.token.value = crypto.randomUUID();
    say("bad", "An earlier version of this entry was already saved. Press the button once more to add this one too.");
  } else {
    say("bad", "This could not be saved just now. Your words are still here: please try again in a few seconds.");
  }
};

// Random tokens exist on secure pages only; elsewhere the form goes its way without us.
if (crypto.randomUUID) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!isBusy(form.querySelector("button"))) sign();
  });
}
