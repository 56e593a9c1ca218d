import { describe, expect, it } from 'vitest'
import { orderFor, parseVomsArguments, requestedFqans } from '../../src/client/vomsArguments.ts'

const fqans = (...values: string[]) =>
  Object.fromEntries(parseVomsArguments(values).map(one => [one.name, requestedFqans(one, 'real')]))

describe('-voms', () => {
  it.each([
    [['vo'], { vo: ['/real'] }],
    [['vo:'], { vo: ['/real'] }],
    [['vo:/real/g'], { vo: ['/real/g'] }],
    [['vo:/real/g/Role=r'], { vo: ['/real/g/Role=r'] }],
    [['vo:/real/g/Role=r/Capability=NULL'], { vo: ['/real/g/Role=r'] }],
    [['vo:/real/g/Role=NULL'], { vo: ['/real/g'] }],
    [['vo:/real/g:r'], { vo: ['/real/g/Role=r'] }],
    [['vo:/Role=r'], { vo: ['/Role=r'] }],
    [['vo:all'], { vo: ['all'] }],
    [['vo:ALL'], { vo: ['all'] }],
    [['vo', 'vo:/real/Role=r', 'vo'], { vo: ['/real', '/real/Role=r'] }],
    [['b:/b', 'a', 'b:all'], { b: ['/b', 'all'], a: ['/real'] }],
  ])('%j', (values, expected) => {
    expect(fqans(...values)).toEqual(expected)
  })

  it('keeps the order of VOs', () => {
    expect(parseVomsArguments(['b', 'a', 'b:all']).map(({ name }) => name)).toEqual(['b', 'a'])
  })

  it.each([
    ['vo:Role=r', /write --voms vo:\/Role=r/],
    ['vo:group', /write --voms vo:\/GROUP/],
    [':/group', /names no VO|write --voms VO/],
  ])('tells how %s is written', (value, advice) => {
    expect(() => parseVomsArguments([value])).toThrow(
      expect.objectContaining({ code: 'request', advice: expect.stringMatching(advice) }),
    )
  })
})

it('gives each VO its own entries of -order, in short form', () => {
  const order = ['/vo/g:r', '/other/x', '/vo/g/Role=NULL/Capability=NULL', '/vobis']
  expect(orderFor('vo', order)).toEqual(['/vo/g/Role=r', '/vo/g'])
  expect(orderFor('none', order)).toBeUndefined()
})
