/** For what does not end by itself when the engine gives up. Nothing stays behind at the signal, which lives as long as the engine. */

/** The promise's outcome. @throws (rejects) what the promise does, or at once when the signal says so. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new Error('the request was given up'));
    if (signal.aborted) giveUp();
    signal.addEventListener('abort', giveUp, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
