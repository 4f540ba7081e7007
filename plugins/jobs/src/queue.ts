/** What may cross Redis: plain JSON. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

export interface AddOptions {
  /** While a job of this id waits or runs, adding it again changes nothing. */
  id?: string;
  /** ms until it may run. */
  delay?: number;
  /** How often it is tried in all; 1 unless told. */
  attempts?: number;
  /** ms before the second try, doubling after; 1000 unless told. */
  backoff?: number;
  /** Jobs that share a key run one at a time, on all processes together. */
  key?: string;
}

export interface Job {
  name: string;
  payload: Json;
  /** 1 on the first try. */
  attempt: number;
}

/** `stopping` is aborted when the process is about to end: long work stops there and leaves itself to be done again. */
export type Handler = (job: Job, stopping: AbortSignal) => Promise<void>;

export interface Queue {
  add(name: string, payload: Json, options?: AddOptions): Promise<void>;
  work(name: string, handler: Handler, options?: { concurrency?: number }): void;
  /**
   * Runs `handler` again and again, on one instance only.
   * `schedule`: ms between starts, or a cron pattern read in `zone` (Asia/Shanghai unless told).
   */
  every(
    name: string,
    schedule: number | string,
    handler: (stopping: AbortSignal) => Promise<void>,
    options?: { zone?: string },
  ): void;
  /** True when this process runs work (ROLE is `worker` or `all`). */
  readonly works: boolean;
  /** Stops taking work and waits for what runs. */
  close(): Promise<void>;
}
