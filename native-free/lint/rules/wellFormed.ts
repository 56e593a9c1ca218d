/** DER, one element, nothing after it. The walk itself finds it out; lintTbs() reports it under this name. */
export const wellFormed = { name: 'well-formed', clause: 'X.690 8, 10, 11' } as const
