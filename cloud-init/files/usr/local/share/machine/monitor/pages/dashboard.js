// The dashboard: panels.json says what is drawn, this page asks the Prometheus that serves it. No build, no other host.

const COLOURS = ["#2563eb", "#ea580c", "#16a34a", "#9333ea", "#dc2626", "#0891b2", "#a16207", "#64748b"];
/** Points of a line, and seconds between two looks. */
const POINTS = 240;
const PAUSE = 15;

const UNITS = {
  reqps: (value) => `${round(value)}/s`,
  ops: (value) => `${round(value)}/s`,
  s: (value) => (value < 1 ? `${Math.round(value * 1000)} ms` : `${round(value)} s`),
  percentunit: (value) => `${Math.round(value * 100)} %`,
  none: (value) => String(round(value)),
};
const round = (value) => Number(value.toPrecision(3));

async function ask(path, parameters) {
  const answer = await fetch(`/api/v1/${path}?${new URLSearchParams(parameters)}`);
  const { status, data, error } = await answer.json();
  if (status !== "success") throw new Error(error);
  return data;
}

const now = async (query) => (await ask("query", { query })).result;

/** A text with {{label}} filled in, as Grafana does. */
const named = (legend, labels) => legend.replace(/{{(\w+)}}/g, (_, label) => labels[label] ?? "");

function element(tag, text, className) {
  const made = document.createElement(tag);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

// ---- at a glance

const names = (rows) => rows.map(({ metric }) => metric.instance).join(", ");
const number = (rows) => (rows.length > 0 ? Number(rows[0].value[1]) : undefined);

const TILES = [
  [
    "Site",
    'min(probe_success{job="site"})',
    (rows) => (number(rows) === 1 ? ["answers", "good"] : ["doesn't answer", "bad"]),
  ],
  [
    "Machines",
    'count(up{job="node"} == 1) / count(up{job="node"})',
    (rows) => (number(rows) === 1 ? ["all answer", "good"] : [UNITS.percentunit(number(rows) ?? 0), "bad"]),
  ],
  [
    "Virtual IP",
    'keepalived_state{state="MASTER"} == 1',
    (rows) => (rows.length > 0 ? [names(rows), "good"] : ["nobody", "bad"]),
  ],
  ["Primary", "database_writable == 1", (rows) => (rows.length > 0 ? [names(rows), "good"] : ["none", "bad"])],
  [
    "Databases",
    "sum(database_online) / max(database_members)",
    (rows) => (number(rows) === 1 ? ["all online", "good"] : [UNITS.percentunit(number(rows) ?? 0), "bad"]),
  ],
  [
    "Certificate",
    'min(machine_certificate_end_seconds{certificate="site"} - time()) / 86400',
    (rows) =>
      rows.length === 0
        ? ["unknown", "warn"]
        : [`${Math.floor(number(rows))} days`, number(rows) > 15 ? "good" : "bad"],
  ],
];

async function showTiles() {
  const answers = await Promise.all(TILES.map(([, query]) => now(query)));
  const made = TILES.map(([title, , judge], index) => {
    const tile = element("div", undefined, "tile");
    tile.append(element("h2", title), element("p", ...judge(answers[index])));
    return tile;
  });
  document.getElementById("tiles").replaceChildren(...made);
}

async function showAlerts() {
  const firing = (await ask("alerts", {})).alerts.filter(({ state }) => state === "firing");
  const made = firing.map(({ labels, annotations, activeAt }) => {
    const alert = element("div", undefined, `alert ${labels.severity}`);
    const about = element("p");
    about.append(
      element(
        "small",
        `${labels.alertname}, since ${new Date(activeAt).toLocaleTimeString()} · ${annotations.runbook}`,
      ),
    );
    alert.append(element("p", annotations.summary), about);
    return alert;
  });
  document.getElementById("alerts").replaceChildren(...made);
  document.title = firing.length > 0 ? `(${firing.length}) Dashboard` : "Dashboard";
}

// ---- lines over time

const range = document.getElementById("range");

/** All lines of a panel, over the same times; null where there is nothing. */
async function lines({ queries }, end) {
  const seconds = Number(range.value);
  const step = Math.max(15, seconds / POINTS);
  const start = end - seconds;
  const times = Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => start + index * step);
  const answers = await Promise.all(queries.map(({ expr }) => ask("query_range", { query: expr, start, end, step })));
  const found = answers.flatMap(({ result }, which) =>
    result.map(({ metric, values }) => {
      const known = new Map(values.map(([time, value]) => [Math.round((time - start) / step), Number(value)]));
      return { label: named(queries[which].legend, metric), values: times.map((_, index) => known.get(index) ?? null) };
    }),
  );
  return { times, found: found.sort((one, other) => one.label.localeCompare(other.label)) };
}

function draw(place, { unit }, { times, found }) {
  place.querySelector(".chart").replaceChildren();
  if (found.length === 0) return place.querySelector(".chart").append(element("p", "nothing measured", "empty"));
  const ink = getComputedStyle(document.body).color;
  const axis = { stroke: ink, grid: { stroke: "#8883", width: 1 }, ticks: { show: false } };
  const format = (value) => (value == null ? "–" : UNITS[unit](value));
  new uPlot(
    {
      width: place.clientWidth - 30,
      height: 170,
      scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
      axes: [axis, { ...axis, size: 60, values: (_, splits) => splits.map(format) }],
      series: [
        // where the pointer is, else the newest
        { value: (_, time) => new Date((time ?? times.at(-1)) * 1000).toLocaleTimeString() },
        ...found.map(({ label, values }, index) => ({
          label,
          stroke: COLOURS[index % COLOURS.length],
          width: 1.5,
          points: { show: false },
          value: (_, value, __, point) => format(point === null ? values.findLast((each) => each !== null) : value),
        })),
      ],
      legend: { live: true },
    },
    [times, ...found.map(({ values }) => values)],
    place.querySelector(".chart"),
  );
}

async function main() {
  const panels = await (await fetch("panels.json")).json();
  const { yaml } = await ask("status/config", {});
  document.getElementById("stack").textContent = `Stack ${/^ {4}stack: (.*)$/m.exec(yaml)?.[1] ?? ""}`;
  const places = panels.map(({ title }) => {
    const place = element("article", undefined, "panel");
    place.append(element("h2", title), element("div", undefined, "chart"));
    return place;
  });
  document.getElementById("panels").append(...places);
  const show = async () => {
    const end = Math.floor(Date.now() / 1000);
    await Promise.all([
      showTiles(),
      showAlerts(),
      ...panels.map(async (panel, index) => draw(places[index], panel, await lines(panel, end))),
    ]);
    document.body.dataset.shown = "yes";
  };
  await show();
  range.addEventListener("change", show);
  addEventListener("resize", show);
  setInterval(() => document.hidden || show().catch(console.error), PAUSE * 1000);
}

main().catch((error) =>
  document.getElementById("alerts").replaceChildren(element("p", `Prometheus doesn't answer: ${error.message}`, "bad")),
);
