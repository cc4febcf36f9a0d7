// The job that runs, if one does. It lives outside every screen: leaving the page loses nothing.

import {
  asError,
  backend,
  type Enrolled,
  type EnrollOrder,
  type ErrorView,
  type Given,
  type JobState,
  type JobView,
  type Question,
  type Step,
} from '../backend';
import { form } from './form.svelte';

export const STEPS: Step[] = ['make-key', 'send-request', 'receive-certificate', 'install', 'prove', 'confirm'];

/** Jobs that can go on. */
export const RESUMABLE: JobState[] = ['interrupted', 'waiting', 'unconfirmed'];

/** Can it be given up? Not when it has its certificate. */
export function discardable(job: JobView): boolean {
  return (job.state === 'interrupted' || job.state === 'waiting') && job.sha256 === null;
}

export interface StepRow {
  step: Step;
  state: 'open' | 'busy' | 'done' | 'failed';
  ms: number | null;
  began: number | null;
}

export type Outcome =
  | { kind: 'enrolled'; enrolled: Enrolled }
  | { kind: 'nothing-happened' }
  | { kind: 'discarded' }
  | { kind: 'error'; error: ErrorView };

type Kind = 'enroll' | 'resume' | 'discard';

export class Run {
  readonly id: number;
  readonly began = Date.now();
  readonly kind: Kind;
  readonly ca: string;
  readonly reference: string;
  /** The job's number, when it had one before. */
  readonly job: string | null;
  steps = $state<StepRow[]>(STEPS.map((step) => ({ step, state: 'open', ms: null, began: null })));
  question = $state<{ id: number; question: Question } | null>(null);
  waiting = $state<{ until: number; text: string | null } | null>(null);
  driver = $state<{ file: string; description: string; token: string } | null>(null);
  cancelling = $state(false);
  outcome = $state<Outcome | null>(null);
  /** The seal has been stamped; it is not stamped again when the page is shown again. */
  stamped = false;

  constructor(kind: Kind, ca: string, reference: string, job: string | null = null) {
    this.id = ++last;
    this.kind = kind;
    this.ca = ca;
    this.reference = reference;
    this.job = job;
  }

  get busy(): StepRow | null {
    return this.steps.find((row) => row.state === 'busy') ?? null;
  }

  /** The step farthest along; questions belong to it. */
  get reached(): StepRow | null {
    return this.steps.findLast((row) => row.state !== 'open') ?? null;
  }

  /** Before the CA has answered, and whenever the person is asked; never between issued and confirmed. */
  get stoppable(): boolean {
    if (this.outcome) return false;
    const reached = this.reached;
    return (
      this.question !== null ||
      !reached ||
      reached.step === 'make-key' ||
      (reached.step === 'send-request' && reached.state === 'busy')
    );
  }

  answer(given: Given): void {
    if (!this.question) return;
    const { id } = this.question;
    this.question = null;
    void backend.answer(this.id, id, given);
  }

  cancel(): void {
    this.cancelling = true;
    this.question = null;
    void backend.cancel(this.id);
  }

  row(step: Step): StepRow {
    return this.steps.find((row) => row.step === step)!;
  }

  end(outcome: Outcome): void {
    this.outcome = outcome;
    this.question = null;
    this.waiting = null;
    for (const row of this.steps) {
      if (outcome.kind === 'error' && row.state === 'busy') row.state = 'failed';
      if (outcome.kind === 'enrolled') {
        row.ms = outcome.enrolled.timings.find((timing) => timing.step === row.step)?.ms ?? row.ms;
        if (row.step !== 'confirm' || outcome.enrolled.confirmed) row.state = 'done';
      }
    }
  }
}

// Not from 1: after a reload the host may still be ending a job of the page before.
let last = crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1;
let run = $state<Run | null>(null);

export function currentRun(): Run | null {
  return run;
}

/** A job is under way: no other one can be started. */
export function isRunning(): boolean {
  return run !== null && run.outcome === null;
}

export function startEnroll(order: EnrollOrder, ca: string, code: string): Run {
  const started = (run = new Run('enroll', ca, order.reference));
  backend.startEnroll(started.id, order, code).then(
    (enrolled) => {
      started.end({ kind: 'enrolled', enrolled });
      // The two codes are used up.
      form.reference = form.code = form.path = '';
    },
    (thrown) => started.end({ kind: 'error', error: asError(thrown) }),
  );
  return started;
}

export function startResume(job: string, ca: string, reference: string): Run {
  const started = (run = new Run('resume', ca, reference, job));
  backend.startResume(started.id, job).then(
    (resumed) =>
      started.end(
        resumed.outcome === 'enrolled'
          ? { kind: 'enrolled', enrolled: resumed.enrolled }
          : { kind: 'nothing-happened' },
      ),
    (thrown) => started.end({ kind: 'error', error: asError(thrown) }),
  );
  return started;
}

export function startDiscard(job: string, ca: string, reference: string): Run {
  const started = (run = new Run('discard', ca, reference, job));
  backend.startDiscard(started.id, job).then(
    () => started.end({ kind: 'discarded' }),
    (thrown) => started.end({ kind: 'error', error: asError(thrown) }),
  );
  return started;
}

/** Puts a finished job away. */
export function putAway(): void {
  if (!isRunning()) run = null;
}

/** What arrives for a job that has ended, or that is another one, is passed over. */
function live(id: number): Run | null {
  return run && run.id === id && !run.outcome ? run : null;
}

backend.onEvent((id, event) => {
  const job = live(id);
  if (!job) return;
  switch (event.event) {
    case 'step':
      job.waiting = null;
      // A resumed job does not tell again what an earlier attempt did.
      for (const row of job.steps.slice(0, STEPS.indexOf(event.step))) if (row.state === 'open') row.state = 'done';
      Object.assign(job.row(event.step), { state: 'busy', began: Date.now() });
      break;
    case 'step-done':
      job.waiting = null;
      Object.assign(job.row(event.step), { state: 'done', ms: event.ms });
      break;
    case 'waiting':
      job.waiting = { until: Date.now() + event.retryAfter * 1000, text: event.text };
      break;
    case 'driver':
      job.driver = { file: event.driver, description: event.description, token: event.token };
      break;
  }
});

backend.onQuestion((id, question, asked) => {
  const job = live(id);
  if (job && !job.cancelling) job.question = { id: question, question: asked };
});
