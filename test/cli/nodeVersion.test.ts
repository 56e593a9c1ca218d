import { expect, it } from 'vitest'
import { refuseOldNode } from '../../src/cli/nodeVersion.ts'

it.each([
  ['v24.18.1', true],
  ['v24.18.2', true],
  ['v24.19.0', true],
  ['v26.0.0', true],
  ['v24.18.0', false],
  ['v24.9.9', false],
  ['v22.99.99', false],
  ['v24.18.1-nightly', true],
])('Node.js %s: accepted %s', (version, accepted) => {
  expect(refuseOldNode(version, [], {}) === undefined).toBe(accepted)
})

it('is overridden by a flag or the environment', () => {
  expect(refuseOldNode('v22.0.0', ['serve', '--allow-old-node'], {})).toBeUndefined()
  expect(refuseOldNode('v22.0.0', [], { VOUCHD_ALLOW_OLD_NODE: '1' })).toBeUndefined()
  expect(refuseOldNode('v22.0.0', [], { VOUCHD_ALLOW_OLD_NODE: '0' })).toContain('24.18.1 or later')
})
