import { hash } from 'node:crypto'
import type { Status } from './status.ts'

type VoStatus = Status['vos'][number]

/** The status as a page for people: one file, no script, nothing from elsewhere. */
export function renderStatusPage(status: Status): string {
  const state = status.ready ? 'Ready' : 'Not ready'
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${state} · vouchd</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>vouchd</h1>
<p class="badge ${status.ready ? 'good' : 'bad'}">${state}</p>
<p class="quiet">Version ${escapeHtml(status.version)}, running since ${time(status.startedAt)}. As of ${time(status.now)}.</p>
</header>
<main>
<section aria-label="Parts">
<ul class="parts">${status.parts.map(renderPart).join('')}</ul>
<dl class="facts">
${fact('Database last seen', status.database.lastContact === null ? 'none yet' : time(status.database.lastContact))}
${fact('CAs trusted', String(status.trust.anchors))}
${fact('Revocation lists', crlText(status.trust.crls))}
${fact('First of them expires', status.trust.firstCrlExpires === null ? '–' : time(status.trust.firstCrlExpires))}
${fact('Processes', workersText(status.workers))}
</dl>
</section>
${status.vos.map(renderVo).join('\n')}
</main>
<footer class="quiet"><p>The same for programs: <a href="/status.json">status.json</a>, <a href="/metrics">metrics</a>, <a href="/readyz">readyz</a>.</p></footer>
</body>
</html>
`
}

/** What the page may load: its own style and nothing else. */
export function statusPagePolicy(): string {
  return `default-src 'none'; style-src 'sha256-${hash('sha256', STYLE, 'base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
}

function renderPart({ part, ready, why }: Status['parts'][number]): string {
  const mark = ready ? 'good' : 'bad'
  const note = why === undefined ? '' : ` <span class="quiet">${escapeHtml(why)}</span>`
  return `<li><span class="dot ${mark}"></span><b>${escapeHtml(part)}</b> ${ready ? 'ready' : 'not ready'}${note}</li>`
}

function renderVo(vo: VoStatus): string {
  return `<section class="vo">
<h2>${escapeHtml(vo.name)}</h2>
<dl class="facts">
${fact('Address', vo.addresses.map(address => `<code>${escapeHtml(address)}</code>`).join('<br>') || '–')}
${fact('Known as', `<code>${escapeHtml(vo.uri)}</code>`)}
${fact('Members', vo.members === null ? 'not known now' : number(vo.members))}
${fact('ACs issued since the start', number(vo.total))}
${fact('Limits', limitsText(vo.limits))}
</dl>
${renderRates(vo.lastMinute)}
<h3>Certificates</h3>
<div class="scroll"><table>
<thead><tr><th>Use</th><th class="number">Days left</th><th>Expires</th><th>Subject</th></tr></thead>
<tbody>${vo.certificates.map(renderCertificate).join('')}</tbody>
</table></div>
${vo.vomses === null ? '' : handout('For users', vo.vomses.file, vo.vomses.line)}
${vo.lsc === null ? '' : handout('For sites', vo.lsc.file, vo.lsc.content.trimEnd())}
</section>`
}

/** Those that are set. */
function limitsText(limits: VoStatus['limits']): string {
  const texts = [
    [limits.holderRequestsPerMinute, 'requests a minute and holder'],
    [limits.addressConnectionsPerMinute, 'connections a minute and address'],
    [limits.addressConnections, 'connections at once and address'],
    [limits.connectionsPerMinute, 'connections a minute in all'],
  ] as const
  const set = texts.filter(([most]) => most > 0).map(([most, what]) => `${number(most)} ${what}`)
  return set.join('<br>') || 'none'
}

function renderRates(rates: VoStatus['lastMinute']): string {
  if (rates === null) return '<p class="quiet">Requests of the last minute: known in a moment.</p>'
  const cells = Object.entries(rates).map(
    ([outcome, count]) =>
      `<div class="rate${count === 0 ? ' zero' : ''}"><b>${number(count)}</b><span>${escapeHtml(outcome)}</span></div>`,
  )
  return `<h3>Requests in the last minute</h3><div class="rates">${cells.join('')}</div>`
}

function renderCertificate(certificate: VoStatus['certificates'][number]): string {
  const { usage, subject, issuer, notAfter, daysLeft } = certificate
  const mark = daysLeft < PAGE_DAYS ? 'bad' : daysLeft < TICKET_DAYS ? 'soon' : ''
  return `<tr><td class="use">${escapeHtml(USAGES[usage] ?? usage)}</td><td class="number ${mark}">${daysLeft}</td>
<td><time datetime="${escapeHtml(notAfter)}">${escapeHtml(notAfter.slice(0, 10))}</time></td>
<td class="dn">${escapeHtml(subject)}<br><span class="quiet">by ${escapeHtml(issuer)}</span></td></tr>`
}

/** As the alerts have it. */
const TICKET_DAYS = 14
const PAGE_DAYS = 3
const USAGES: Readonly<Record<string, string>> = {
  tls_rsa: 'TLS (RSA)',
  tls_ec: 'TLS (ECDSA)',
  ac: 'Signs ACs',
}

function handout(whom: string, file: string, content: string): string {
  return `<h3>${whom}: <code>${escapeHtml(file)}</code></h3>
<pre title="one click selects all of it">${escapeHtml(content)}</pre>`
}

/** @param value HTML */
function fact(name: string, value: string): string {
  return `<div><dt>${name}</dt><dd>${value}</dd></div>`
}

function crlText(crls: Status['trust']['crls']): string {
  const states = Object.entries(crls).filter(([state, count]) => count > 0 || state === 'valid')
  return (
    states.map(([state, count]) => `${number(count)} ${escapeHtml(state.replaceAll('_', ' '))}`).join(', ') ||
    '–'
  )
}

/** How many are in each state. */
function workersText(workers: Status['workers']): string {
  const states = Map.groupBy(workers, ({ state }) => state)
  return [...states].map(([state, those]) => `${those.length} ${escapeHtml(state)}`).join(', ') || 'one'
}

function time(iso: string): string {
  return `<time datetime="${escapeHtml(iso)}">${escapeHtml(iso.replace('T', ' ').replace('Z', ' UTC'))}</time>`
}

function number(value: number): string {
  return value.toLocaleString('en')
}

/**
 * Foreign text for an HTML document. Characters that hide or reorder what stands beside them, as a DN may hold them,
 * are shown by number.
 */
export function escapeHtml(text: string): string {
  return text
    .replace(HIDDEN, character => `\\u{${character.codePointAt(0)!.toString(16).toUpperCase()}}`)
    .replace(/[&<>"']/g, character => ENTITIES[character]!)
}

const HIDDEN = /(?![\n])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu
const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const STYLE = `
:root{--bg:#fff;--card:#f6f7f9;--text:#1b1f24;--quiet:#5b6570;--line:#d8dde3;--good:#1a7f37;--soon:#9a5b00;--bad:#c0262d}
@media (prefers-color-scheme:dark){:root{--bg:#14171a;--card:#1d2126;--text:#e6e9ec;--quiet:#9aa4af;--line:#343a41;--good:#4cc26a;--soon:#e0a03c;--bad:#ff6b6b}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:60rem;padding:1rem;background:var(--bg);color:var(--text);font:16px/1.5 system-ui,sans-serif}
header{display:flex;flex-wrap:wrap;align-items:center;gap:.25rem 1rem}
h1{margin:0;font-size:1.5rem}
h2{margin:0 0 .5rem;font-size:1.25rem;overflow-wrap:anywhere}
h3{margin:1.25rem 0 .25rem;font-size:.95rem;font-weight:600}
.badge{margin:0;padding:.1rem .75rem;border-radius:1rem;color:#fff;font-weight:600}
.badge.good{background:#1a7f37}.badge.bad{background:#c0262d}
.quiet{color:var(--quiet);font-size:.9rem}
header .quiet{margin:0;flex-basis:100%}
section{margin:1rem 0;padding:1rem;border:1px solid var(--line);border-radius:.5rem;background:var(--card)}
.parts{margin:0 0 .75rem;padding:0;list-style:none;display:flex;flex-wrap:wrap;gap:.25rem 1.5rem}
.dot{display:inline-block;width:.7rem;height:.7rem;border-radius:50%;margin-right:.4rem;background:var(--bad)}
.dot.good{background:var(--good)}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(11rem,1fr));gap:.5rem 1.5rem;margin:0}
dt{color:var(--quiet);font-size:.85rem}
dd{margin:0;overflow-wrap:anywhere}
.rates{display:flex;flex-wrap:wrap;gap:.5rem}
.rate{min-width:5rem;padding:.3rem .7rem;border:1px solid var(--line);border-radius:.4rem;background:var(--bg)}
.rate b{display:block;font-size:1.2rem;font-variant-numeric:tabular-nums}
.rate span{color:var(--quiet);font-size:.85rem}
.rate.zero b{color:var(--quiet);font-weight:400}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{padding:.35rem .75rem .35rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{color:var(--quiet);font-weight:500}
.dn{overflow-wrap:anywhere}
time,.use{white-space:nowrap}
.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td.soon{color:var(--soon);font-weight:600}td.bad{color:var(--bad);font-weight:600}
code,pre{font:.85rem/1.5 ui-monospace,monospace}
code{overflow-wrap:anywhere}
pre{margin:0;padding:.6rem .75rem;border:1px solid var(--line);border-radius:.4rem;background:var(--bg);white-space:pre-wrap;overflow-wrap:anywhere;user-select:all}
a{color:inherit}
`
