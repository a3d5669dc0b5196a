/** The machine's monotonic clock in milliseconds: the same in every process, so that what one writes another can subtract. */
export function nowMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1_000 + nanoseconds / 1e6;
}
