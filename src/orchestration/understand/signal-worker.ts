/** Learns to read signals in a thread of its own, so that a start goes on meanwhile. Run only as a worker, by catalog/kept-model.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import type { SignalExample } from '../../catalog/signal-examples.ts';
import { learnSignals } from './signal-model.ts';

const examples = workerData as readonly SignalExample[];
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port has no origin
parentPort?.postMessage(learnSignals(examples));
