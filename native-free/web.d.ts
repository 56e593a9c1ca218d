// The only globals that native-free/ takes from its surroundings besides ECMAScript itself.
// Every browser and Node has them; declaring them here keeps Node's own types out.
declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>
}
declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean })
  decode(bytes: Uint8Array): string
}
