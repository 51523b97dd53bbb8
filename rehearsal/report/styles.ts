/** Styles of the page; no font, image or script is fetched. */
export const STYLES = `
:root { color-scheme: light dark; --ink: light-dark(#1c2430, #e6e9ee); --soft: light-dark(#566272, #9aa5b4);
  --line: light-dark(#dde2e8, #333c48); --paper: light-dark(#ffffff, #14181e); --panel: light-dark(#f4f6f9, #1c222b);
  --node: light-dark(#b9d0ea, #33587f); --nodeline: light-dark(#2f6cad, #6fa9e6); --python: light-dark(#f2a33a, #d98a24); --pythonline: light-dark(#c26a00, #f0a63c);
  --good: light-dark(#177245, #4cc38a); --bad: light-dark(#b3261e, #ff8a80); --rehearsed: light-dark(#6a3fa0, #bf9bf0); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1240px; padding: 24px 28px 60px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
h1 { font-size: 25px; margin: 0; } h2 { font-size: 18px; margin: 34px 0 8px; } p { margin: 6px 0; max-width: 100ch; }
.soft { color: var(--soft); } .good { color: var(--good); } .bad { color: var(--bad); } .rehearsed { color: var(--rehearsed); }
.verdict { display: flex; flex-wrap: wrap; gap: 6px 14px; align-items: center; }
.badge { font-weight: 700; font-size: 18px; color: #fff; padding: 4px 14px; border-radius: 6px; letter-spacing: .04em; }
.badge.good { background: #177245; } .badge.bad { background: #b3261e; }
.lead { font-size: 17px; margin: 12px 0 8px; } .failures { font-weight: 600; white-space: pre-line; }
.note { border-left: 4px solid var(--rehearsed); background: var(--panel); padding: 6px 12px; max-width: none; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(132px, 1fr)); gap: 10px; margin: 14px 0 6px; }
.figure { background: var(--panel); border-radius: 8px; padding: 8px 12px; } .figure b { display: block; font-size: 22px; line-height: 1.3; }
.figure span { display: block; color: var(--soft); font-size: 13px; line-height: 1.35; }
.chart svg { width: 100%; height: auto; display: block; }
svg text { font-size: 13px; fill: var(--ink); text-anchor: middle; font-family: inherit; }
svg .faint { fill: var(--soft); } svg text.end { text-anchor: end; } svg text.start { text-anchor: start; }
svg text.axis { font-variant-numeric: tabular-nums; } svg .head { font-weight: 700; font-size: 14.5px; } svg text.bad { fill: var(--bad); }
svg text.rehearsed { fill: var(--rehearsed); } svg text.number { font-weight: 700; fill: #fff; }
.grid { stroke: var(--line); } .tick { stroke: var(--soft); } .chapter { stroke: var(--soft); stroke-width: 2; }
.sign { font-size: 1.15em; } tspan.node { fill: var(--nodeline); } tspan.python { fill: var(--pythonline); } tspan.nobody, tspan.alarm { fill: var(--bad); }
tspan.switched { fill: var(--good); } tspan.p95 { stroke: none; } tspan.ofnode { fill: var(--nodeline); } tspan.ofpython { fill: var(--pythonline); } tspan.declared { fill: var(--ink); stroke: none; }
svg rect { shape-rendering: crispEdges; } .harm { fill: var(--bad); fill-opacity: .28; }
.lane { fill: var(--line); stroke: var(--paper); stroke-width: 1; } .update { fill: var(--soft); } .broken, .lane.broken { fill: light-dark(#b3261e, #c0392f); }
rect.node { fill: var(--node); } rect.python { fill: var(--python); } rect.nobody { fill: var(--bad); }
rect.routing { fill: var(--pythonline); } tspan.routing { fill: var(--pythonline); } rect.booking { fill: var(--bad); } tspan.booking { fill: var(--bad); }
.halo { fill: none; stroke: var(--paper); stroke-width: 5; stroke-opacity: .8; } .declared { fill: none; stroke: var(--ink); stroke-width: 2.4; }
.measured { stroke: var(--good); stroke-width: 3; } tspan.allowed { fill: var(--good); stroke: none; } rect.allowed { fill: var(--good); fill-opacity: .3; stroke: var(--good); }
.hatch { stroke: var(--bad); stroke-width: 2.4; stroke-opacity: .55; } tspan.rolledback { fill: var(--bad); } rect.rolledback { fill: url(#hatch); stroke: var(--bad); stroke-opacity: .5; }
.faulty { fill: var(--bad); fill-opacity: .13; } circle.alarm { fill: var(--bad); stroke: var(--paper); } circle.switched { fill: var(--good); stroke: var(--paper); }
.ok { fill: light-dark(#bfe3cf, #24533c); } .ringing { fill: light-dark(#d6362b, #ff6b5e); } .nodata { fill: var(--line); }
.p95 { fill: none; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; } .ofnode { stroke: var(--nodeline); } .ofpython { stroke: var(--pythonline); }
.limit { stroke: var(--bad); stroke-dasharray: 5 4; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-size: 14px; } th, td { padding: 5px 9px; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--soft); font-weight: 600; font-size: 13px; vertical-align: bottom; } th.rehearsed { color: var(--rehearsed); } th.group { text-align: center; border-bottom-style: dotted; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; } td.n, td.name, td.phase { white-space: nowrap; } td.name { font-weight: 700; } tr.first td { border-bottom: none; padding-bottom: 0; }
tr.chapter td { font-weight: 700; background: var(--panel); } tr.faultstep td { background: light-dark(#fdf0ee, #35201f); }
table.steps td:last-child { min-width: 150px; width: 36%; } ul.checks { list-style: none; padding-left: 0; }
.chip { display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 7px; vertical-align: -1px; } .chip.node { background: var(--node); } .chip.python { background: var(--python); }
details { margin: 2px 0; } summary { cursor: pointer; } code { font-size: 13px; overflow-wrap: anywhere; } ul { margin: 6px 0; padding-left: 20px; } li { margin: 3px 0; overflow-wrap: anywhere; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(440px, 100%), 1fr)); gap: 0 36px; }
@media (max-width: 1140px) { .figures { grid-template-columns: repeat(4, 1fr); } }
@media (max-width: 900px) { body { padding: 18px 14px 40px; } svg text { font-size: 16px; } svg .head { font-size: 17px; } svg text.rowname { font-size: 14px; } th, td { padding: 5px 6px; } }
@media print { @page { size: A4 landscape; margin: 10mm; } :root { color-scheme: light; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  body { max-width: none; padding: 0; font-size: 12px; } tr, .figure, section { break-inside: avoid; } .chart { break-inside: avoid; } h2 { break-after: avoid; } }
`;
