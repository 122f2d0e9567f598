import { expect, it } from 'vitest'
import { optionsPage } from '../../scripts/options-page.ts'

it('docs/options.md has every option, with its docstring and what is accepted (`npx vitest run test/docs -u` writes it)', async () => {
  await expect(optionsPage()).toMatchFileSnapshot('../../docs/options.md')
})
