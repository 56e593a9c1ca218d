import { describe, expect, it } from 'vitest'
import { commandText, parseCommand } from '../../../native-free/wire/parseCommand.ts'

const group = (path: string) => ({ kind: 'group', group: path })
const role = (name: string) => ({ kind: 'role', role: name })
const groupRole = (path: string, name: string) => ({ kind: 'groupRole', group: path, role: name })
const all = { kind: 'all' }
const list = { kind: 'list' }
const unsatisfiable = { kind: 'unsatisfiable' }

describe('parseCommand', () => {
  it.each([
    // everything
    ['A', all],
    ['Gall', all],
    ['Ball', all],
    ['xall', all],
    ['G//', all],
    ['G/', all],
    ['R/', all],
    // groups and roles: the letter before a path does not matter
    ['G/vo.0', group('/vo.0')],
    ['X/vo.0/G2', group('/vo.0/G2')],
    ['A/vo.0', group('/vo.0')],
    ['B/vo.0/G1:R1', groupRole('/vo.0/G1', 'R1')],
    ['G/vo.0/G1:R1', groupRole('/vo.0/G1', 'R1')],
    ['G/vo.0/G1/Role=R1', groupRole('/vo.0/G1', 'R1')],
    ['B/vo.0/G1/Role=R1/Capability=NULL', groupRole('/vo.0/G1', 'R1')],
    ['G/vo.0/Role=NULL/Capability=NULL', group('/vo.0')],
    ['B/vo.0:NULL', group('/vo.0')],
    ['RR1', role('R1')],
    ['RVO-Admin', role('VO-Admin')],
    ['R/Role=R1', role('R1')],
    ['G/Role=R1', role('R1')],
    // lists
    ['N', list],
    // what nobody can satisfy
    ['', unsatisfiable],
    ['S', unsatisfiable],
    ['M', unsatisfiable],
    ['L', unsatisfiable],
    ['S1', unsatisfiable],
    ['vo.0', unsatisfiable],
    ['Gvo.0', unsatisfiable],
    ['Bvo.0:R1', unsatisfiable],
    ['Role=R1', unsatisfiable],
    ['R', unsatisfiable],
    ['RNULL', unsatisfiable],
    ['RR 1', unsatisfiable],
    ['AA', unsatisfiable],
    ['NN', unsatisfiable],
    ['ALL', unsatisfiable],
    ['B/vo.0/G1:', unsatisfiable],
    ['B/vo.0/G1:R1:R2', unsatisfiable],
    ['B/vo.0/G1/Role=R1/Role=R2', unsatisfiable],
    ['G/vo.0/Capability=x', unsatisfiable],
    ["G/vo.0' OR 1=1", unsatisfiable],
    ['G/vo.0/grün', unsatisfiable],
    ['G/vo.0\n', unsatisfiable],
    ['R/Role=', unsatisfiable],
  ])('%j', (text, wanted) => {
    expect(parseCommand(text, true)).toEqual({ ...wanted, text })
  })

  it('lists only when N is the first command', () => {
    expect(parseCommand('N', false)).toEqual({ kind: 'all', text: 'N' })
  })
})

describe('commandText', () => {
  it.each([
    ['all', 'A'],
    ['ALL', 'A'],
    ['/vo.0', 'G/vo.0'],
    ['/vo.0/G1/Role=R1', 'B/vo.0/G1:R1'],
    ['/vo.0/G1/Role=R1/Capability=NULL', 'B/vo.0/G1:R1'],
    ['/vo.0/Role=NULL', 'G/vo.0'],
    ['/vo.0/Role=NULL/Capability=NULL', 'G/vo.0'],
    ['/vo.0/Capability=NULL', 'G/vo.0'],
    ['/Role=R1', 'RR1'],
    ['/', 'G/'],
    // commands and what is neither pass unchanged
    ['RR1', 'RR1'],
    ['A', 'A'],
    ['N', 'N'],
    ['G/vo.0', 'G/vo.0'],
    ['B/vo.0/G1:R1', 'B/vo.0/G1:R1'],
    ['vo.0', 'vo.0'],
    ['Role=R1', 'Role=R1'],
    ['', ''],
    // capabilities do not exist
    ['/vo.0/Capability=x', 'G/vo.0/Capability=x'],
    ['/vo.0/Role=R1/Capability=x', 'G/vo.0/Role=R1/Capability=x'],
    ['/vo.0/Capability=NULL/Role=R1', 'G/vo.0/Capability=NULL/Role=R1'],
  ])('%j becomes %j', (element, text) => {
    expect(commandText(element)).toBe(text)
  })

  it.each([
    '/vo.0/Capability=x',
    '/vo.0/Role=R1/Capability=x',
    '/vo.0/Capability=NULL/Role=R1',
    'vo.0',
    'Role=R1',
  ])('%s is nothing that can be satisfied', element => {
    expect(parseCommand(commandText(element), true).kind).toBe('unsatisfiable')
  })
})
