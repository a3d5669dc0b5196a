/** Learns routing in a thread of its own, so that a start goes on meanwhile. Run only as a worker, by kept-model.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { learnRouting, type Examples } from './routing-model.ts';

const agents = workerData as readonly Examples[];
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
parentPort?.postMessage(learnRouting(agents));
