// Who the members of bench/load/scale.ts are, by their number: the same for what fills the database and for the load.

/** Groups of each VO, beside its root group. */
export const GROUPS = 50

export function voName(index: number): string {
  return `bench.vo-${index}`
}

/** Members are dealt out to the VOs in turn. */
export function voOf<T>(member: number, vos: readonly T[]): T {
  return vos[member % vos.length]!
}

export function memberDn(vo: string, member: number): string {
  return `/C=IT/O=Bench/OU=${vo}/CN=Member ${member}`
}

/** The one group that a member is in, beside the root group. */
export function groupOf(vo: string, member: number, vos: number): string {
  return `/${vo}/g${Math.floor(member / vos) % GROUPS}`
}

export function serialOf(member: number): number {
  return 0x1000000 + member
}
