/** Styles of the page; no font, image or script is fetched. */
export const STYLES = `
:root { color-scheme: light dark; --ink: light-dark(#1c2430, #e6e9ee); --soft: light-dark(#5a6675, #9aa5b4);
  --line: light-dark(#d9dee5, #333c48); --paper: light-dark(#ffffff, #14181e); --panel: light-dark(#f5f7fa, #1c222b);
  --node: light-dark(#3f6fa3, #6fa3da); --python: light-dark(#d97706, #f0a63c); --good: light-dark(#177245, #4cc38a); --bad: light-dark(#b3261e, #ff8a80); }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1160px; padding: 28px 28px 60px; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
h1 { font-size: 25px; margin: 0 0 4px; } h2 { font-size: 18px; margin: 36px 0 10px; } p { margin: 6px 0; max-width: 80ch; }
.verdict + p { max-width: none; } .soft { color: var(--soft); } .good { color: var(--good); } .bad { color: var(--bad); }
.verdict { display: flex; gap: 14px; align-items: center; }
.badge { font-weight: 700; color: #fff; padding: 4px 14px; border-radius: 6px; letter-spacing: .04em; }
.badge.good { background: #177245; } .badge.bad { background: #b3261e; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px; margin: 18px 0 6px; }
.figure { background: var(--panel); border-radius: 8px; padding: 10px 14px; } .figure b { display: block; font-size: 23px; line-height: 1.3; }
.figure span { color: var(--soft); font-size: 13px; }
.chart { overflow-x: auto; } .chart svg { width: 100%; min-width: 760px; height: auto; display: block; }
svg text { font-size: 12px; fill: var(--ink); text-anchor: middle; font-family: inherit; }
svg text.small, svg text.faint, svg text.title { fill: var(--soft); } svg text.phase { font-weight: 600; font-size: 13px; }
svg text.end { text-anchor: end; } svg text.start { text-anchor: start; } svg text.value { font-weight: 700; }
.band { fill: transparent; } .band.odd { fill: var(--panel); } .update { fill: var(--soft); fill-opacity: .18; }
.grid { stroke: var(--line); } .tick { stroke: var(--soft); } .declared { fill: none; stroke: var(--ink); stroke-width: 2; }
.seen { fill: var(--python); fill-opacity: .75; } .measured { stroke: var(--bad); stroke-width: 3; } .allowed { fill: var(--good); fill-opacity: .28; stroke: var(--good); }
rect.node { fill: var(--node); } rect.python { fill: var(--python); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; } th, td { padding: 6px 10px; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { color: var(--soft); font-weight: 600; font-size: 13px; } td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
details { margin: 6px 0; } summary { cursor: pointer; } ul { margin: 6px 0; padding-left: 20px; } li { margin: 3px 0; }
.two { display: grid; grid-template-columns: repeat(auto-fit, minmax(440px, 1fr)); gap: 8px 36px; }
`;
