/**
 * What goes wrong on demand: answers with a status, requests that are cut off before an answer, streams that are cut
 * while they run.
 */

export interface Fault {
  /** Which requests: fits METHOD and path with query, `GET /api/v1/pods?limit=250`. */
  readonly match: RegExp;
  /** An answer with this status; without one the connection is cut. */
  readonly status?: number;
  readonly message?: string;
  readonly retryAfterSeconds?: number;
  /** How often; undefined: until `clear`. */
  times?: number;
}

export class Faults {
  #list: Fault[] = [];

  add(fault: Fault): void {
    this.#list.push({ ...fault });
  }

  clear(): void {
    this.#list = [];
  }

  /** The fault that this request meets, if one is left for it. */
  take(request: string): Fault | undefined {
    const fault = this.#list.find(({ match, times }) => match.test(request) && (times === undefined || times > 0));
    if (fault?.times !== undefined) fault.times--;
    return fault;
  }
}
