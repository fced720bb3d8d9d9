/** The look of a diagram, in light and, where the reader prefers it, in dark. */
export const style = `
svg { --paper: #ffffff; --ink: #1f2933; --soft: #52606d; --line: #829ab1; --group: #f3f6f9; --edge: #d5dde5; --machine: #ffffff;
  --balancer: #dbeafe; --web: #dcfce7; --application: #fef3c7; --database: #ede9fe; --monitor: #ffe4e6; --hub: #ffffff; --bad: #c81e1e; }
@media (prefers-color-scheme: dark) {
  svg { --paper: #10161d; --ink: #e7edf3; --soft: #a5b4c3; --line: #6b8299; --group: #18212b; --edge: #334252; --machine: #1f2b37;
    --balancer: #1e3a5f; --web: #14432a; --application: #4a3a10; --database: #3a2d66; --monitor: #5a2231; --hub: #10161d; --bad: #ff8a8a; }
}
text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; fill: var(--ink); }
.title { font-size: 15px; font-weight: 700; }
.note { fill: var(--soft); }
.strong { font-weight: 600; }
.role { font-weight: 600; }
.warning { fill: var(--bad); font-weight: 700; }
.paper { fill: var(--paper); }
.group { fill: var(--group); stroke: var(--edge); }
.machine { fill: var(--machine); stroke: var(--line); stroke-width: 1.5; }
.single { stroke: var(--bad); stroke-width: 2.5; }
.hub { fill: var(--hub); stroke: var(--line); stroke-dasharray: 3 3; }
.visitors, .address { fill: var(--machine); stroke: var(--line); stroke-width: 1.5; }
.load-balancer { fill: var(--balancer); } .web { fill: var(--web); } .application { fill: var(--application); }
.database { fill: var(--database); } .monitor { fill: var(--monitor); }
.flow { fill: none; stroke: var(--line); stroke-width: 1.6; stroke-linejoin: round; }
.tip { fill: var(--line); }
`;
