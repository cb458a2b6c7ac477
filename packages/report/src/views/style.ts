/** The style of the page: screen, phone, paper. Nothing is said by colour alone, and nothing is fetched. */
export const STYLE = `
:root{color-scheme:light;--ink:#1b1f24;--soft:#57606a;--line:#d0d7de;--tint:#f6f8fa;--good:#0b5d2a;--bad:#a40e26;--mind:#7a4b00;--link:#0349b4;--bar:#34557d}
*{box-sizing:border-box}
html{scroll-behavior:auto}
body{margin:0;color:var(--ink);background:#fff;font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Liberation Sans",sans-serif;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
header,main,footer,nav{max-width:74rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:3rem;padding-bottom:1rem;border-bottom:3px solid var(--ink)}
h1{font-size:2.1rem;line-height:1.15;margin:0 0 .5rem;letter-spacing:-.01em}
h2{font-size:1.45rem;line-height:1.25;margin:3rem 0 .75rem;padding-top:.75rem;border-top:1px solid var(--line)}
h3{font-size:1.12rem;line-height:1.35;margin:2rem 0 .5rem}
h4{font-size:.95rem;margin:1.25rem 0 .35rem}
p,ul,ol,dl{margin:.5rem 0 1rem;max-width:68ch}
a{color:var(--link)}
nav ol{columns:2;column-gap:2rem;padding-left:1.4rem}
.lead{font-size:1.1rem}
.soft{color:var(--soft)}
.notice{border:1px solid var(--line);border-left:6px solid var(--soft);background:var(--tint);padding:.75rem 1rem;margin:1rem 0}
.notice.bad{border-left-color:var(--bad)}.notice.good{border-left-color:var(--good)}.notice.mind{border-left-color:var(--mind)}
.notice h3{margin-top:0}
.state{font-weight:600;white-space:nowrap}.state.good{color:var(--good)}.state.bad{color:var(--bad)}.state.mind{color:var(--mind)}
code,pre,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.86em}
table{width:100%;border-collapse:collapse;margin:.75rem 0 1.5rem;font-size:.9rem}
caption{text-align:left;font-weight:600;padding:.25rem 0}
th,td{text-align:left;vertical-align:top;padding:.4rem .6rem .4rem 0;border-bottom:1px solid var(--line)}
th{min-width:5.5rem;overflow-wrap:normal}th.wide{min-width:15rem}
time span{white-space:nowrap}
thead th{border-bottom:2px solid var(--ink)}
td.num,th.num{text-align:right;padding-right:1rem}
dl.facts{display:grid;grid-template-columns:minmax(8rem,13rem) 1fr;gap:.2rem 1rem;max-width:none}
dl.facts dt{color:var(--soft)}dl.facts dd{margin:0}
.diff{border:1px solid var(--line);background:var(--tint);padding:.5rem .75rem;margin:.25rem 0 1rem;white-space:pre-wrap;line-height:1.45}
.diff span{display:block}.diff ins,.diff del{display:block;text-decoration:none}
.diff ins{background:#dafbe1}.diff del{background:#ffebe9}.diff .skip{color:var(--soft)}
ul.answers{padding-left:1.2rem;font-size:.9rem}
.change{border-top:1px solid var(--line);padding-top:.25rem;margin-top:2rem}
.chart{display:block;width:100%;height:auto;margin:.5rem 0}
.chart .axis{stroke:var(--ink)}.chart .bar{fill:var(--bar)}.chart .range{stroke:var(--soft);stroke-width:2}
.chart .p50{fill:#fff;stroke:var(--bar);stroke-width:2}.chart .p90{fill:var(--bar)}
.chart text{font-size:12px;fill:var(--ink)}.chart .value,.chart .label{text-anchor:middle}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
footer{margin-top:4rem;padding-top:1rem;padding-bottom:3rem;border-top:1px solid var(--line);color:var(--soft);font-size:.9rem}
@media screen and (max-width:900px){
header,main,footer,nav{padding-left:1rem;padding-right:1rem}
nav ol{columns:1}
table,caption,tbody,tr,td{display:block}
thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
tr{border-bottom:2px solid var(--line);padding:.4rem 0}
td,td.num{border:0;padding:.1rem 0;text-align:left;display:grid;grid-template-columns:minmax(6.5rem,30%) 1fr;gap:.75rem}
td::before{content:attr(data-label);color:var(--soft)}
}
@media screen and (max-width:600px){dl.facts{grid-template-columns:1fr}dl.facts dd{margin-bottom:.4rem}}
@media screen and (min-width:601px) and (max-width:900px){tr{display:grid;grid-template-columns:1fr 1fr;column-gap:2rem}}
@media print{
@page{margin:16mm 14mm}
body{font-size:10pt}
header,main,footer,nav{max-width:none;padding-left:0;padding-right:0}
a{color:inherit}
h1,h2,h3,h4,caption,thead{break-after:avoid}
tr,dl.facts,.notice,.chart{break-inside:avoid}
.change{break-before:page;border:0}
table{font-size:8pt}
th{min-width:3.9rem}th.wide{min-width:7.5rem}
td{padding-right:.4rem}
dl.facts{grid-template-columns:8rem 1fr}
.diff ins{border-left:2pt solid #000}.diff del{border-left:2pt dotted #000}
}
`;
