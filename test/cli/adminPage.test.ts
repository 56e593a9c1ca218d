import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ADMIN_PAGE, commandsOf, makePageSite, type PageSite } from './adminPage.ts'

const commands = commandsOf(readFileSync(ADMIN_PAGE, 'utf8'))

let site: PageSite
beforeAll(async () => {
  site = await makePageSite()
})
afterAll(() => site?.close())

/** What differs from run to run: moments, and who the service's user is. */
function steady(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'MOMENT')
    .replace(/^since( +): .*$/gm, 'since$1: DAY')
    .replace(/\bada as \w+/g, 'ada as USER')
    .replace(/ {2,}/g, '  ')
}

it('the page has commands', () => {
  expect(commands.length).toBeGreaterThan(25)
})

// In order: each one stands on those before it.
it.each(commands)(
  'docs/admin.md: $command',
  ({ command, printed }) => {
    const out = site.run(command)
    // Where the page shows nothing printed, it leaves it out.
    if (printed.trim() !== '') expect(steady(out)).toBe(steady(printed))
  },
  60_000,
)
