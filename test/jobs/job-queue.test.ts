/** The job queue of one process: the contract. */
import { createLogger } from '../../src/foundation/logger.ts';
import { createMemoryJobQueue } from '../../src/jobs/memory-job-queue.ts';
import { jobQueueContract } from '../contract/job-queue.ts';

jobQueueContract('in memory', async () => {
  let failures = 0;
  const destination = {
    write(line: string) {
      if (line.includes('job failed')) failures += 1;
    },
  };
  return { jobs: createMemoryJobQueue({ log: createLogger({ level: 'error', pretty: false, destination }) }), failures: () => failures };
});
