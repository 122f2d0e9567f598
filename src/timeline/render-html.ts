import { createHash } from 'node:crypto'
import { text } from '../core/rule-kinds.ts'
import type { Rules } from '../core/rules.ts'
import { checkOptions } from '../errors/check-options.ts'
import { checkCalls } from './check-calls.ts'
import { hex4 } from './jsonl.ts'
import { PAGE_CODE, PAGE_STYLE } from './page-code.ts'
import { pageCallOf } from './page-data.ts'
import type { RecordedCall } from './recorded-call.ts'
import { visible } from './visible.ts'

/** How the page is headed. */
export interface RenderHtmlOptions {
  /** The heading of the page. Default `Calls`. */
  readonly title?: string | undefined
}

const RULES = { title: { ...text('a text'), default: 'Calls' } } as const satisfies Rules<RenderHtmlOptions>

/**
 * One HTML page with all it needs: each call as a row of bars, filters, percentiles, and the explanation of a call. Opens from a
 * file. Its `Content-Security-Policy` forbids every request and every script but its own.
 *
 * @throws ConfigurationError for an option that is unknown or not accepted, and for a call whose times are no milliseconds.
 */
export function renderHtml(calls: readonly RecordedCall[], options: RenderHtmlOptions = {}): string {
  checkOptions(options, RULES, { of: 'renderHtml()' })
  checkCalls(calls, 'renderHtml()')
  const title = inHtml(visible(options.title ?? RULES.title.default))
  const policy = [
    "default-src 'none'",
    `script-src '${hashOf(PAGE_CODE)}'`,
    `style-src '${hashOf(PAGE_STYLE)}'`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header><h1>${title}</h1><p id="span"></p></header>
<noscript><p>This page draws its calls with a script. Its text form is <code>renderText(calls)</code>.</p></noscript>
<section id="summary" aria-label="Summary"></section>
<form id="filters" aria-label="Filters"></form>
<main>
<div id="calls"><div id="axis" aria-hidden="true"></div><div id="list" role="listbox" aria-label="Calls" tabindex="0"></div><p id="empty" hidden>No call matches the filters.</p></div>
<aside id="side"><section id="details" aria-label="The call"></section><section id="legend" aria-label="Legend"></section></aside>
</main>
<script type="application/json" id="data">${inScript(calls.map(pageCallOf))}</script>
<script>${PAGE_CODE}</script>
</body>
</html>
`
}

function hashOf(code: string): string {
  return `sha256-${createHash('sha256').update(code).digest('base64')}`
}

/** JSON that can neither end the script element nor begin a comment in it. */
function inScript(data: unknown): string {
  return JSON.stringify(data).replace(/[<>&\u2028\u2029]/g, (character) => `\\u${hex4(character.charCodeAt(0))}`)
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function inHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] as string)
}
