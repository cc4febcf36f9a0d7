// The job that runs, if one does. It lives outside every screen: leaving the page loses nothing.

import {
  asError,
  backend,
  type Enrolled,
  type EnrollOrder,
  type ErrorView,
  type Given,
  type Imported,
  type ImportOrder,
  type JobKind,
  type JobState,
  type JobView,
  type OrderRequest,
  type Question,
  type RenewOrder,
  type Resumed,
  type Revoked,
  type RevokeOrder,
  type Step,
} from '../backend';
import { form } from './form.svelte';
import type { Screen } from './route.svelte';

const ENROLMENT: Step[] = ['make-key', 'send-request', 'receive-certificate', 'install', 'prove', 'confirm'];

/** The steps of each kind of job, in their order. */
export const STEPS: Record<JobKind, Step[]> = {
  enroll: ENROLMENT,
  renew: [...ENROLMENT, 'retire'],
  revoke: ['revoke'],
  import: ['make-key', 'install', 'prove'],
  server: ['make-key', 'install', 'prove'],
};

/** A key that the CA makes comes with the certificate. */
const WITH_KEY_BY_CA: Step[] = ['send-request', 'receive-certificate', 'make-key', 'install', 'prove', 'confirm'];

/** Jobs that can go on. */
export const RESUMABLE: JobState[] = ['interrupted', 'waiting', 'unconfirmed'];

/** Can it be given up? Not when it has its certificate; revocations and imports are about one that was there before. */
export function discardable(job: JobView): boolean {
  return (
    (job.state === 'interrupted' || job.state === 'waiting') &&
    (job.kind === 'revoke' || job.kind === 'import' || job.sha256 === null)
  );
}

/** What a job is about, in words and numbers that do not change while it runs. */
export interface About {
  kind: JobKind;
  /** Title of the CA. */
  ca: string;
  /** Reference number; empty where the old key speaks. */
  reference: string;
  /** Name in the certificate that is renewed or revoked, or of the file that is imported. */
  name?: string | null;
  /** SHA-256 of that certificate. */
  sha256?: string | null;
  /** The key comes from the CA, with the certificate. */
  keyByCa?: boolean;
  /** Number of the order for a server certificate. */
  order?: string;
}

export function aboutJob(job: JobView, ca: string): About {
  const sha256 = job.kind === 'renew' ? job.renews : job.sha256;
  const { reference, keyByCa } = job.order;
  return { kind: job.kind, ca, reference, name: jobName(job), sha256, keyByCa };
}

/** Name of the person, as far as the journal knows it. */
export function jobName(job: JobView): string | null {
  const asked = /(?:^|,)\s*CN=((?:\\.|[^,\\])+)/.exec(job.order.subject ?? '')?.[1];
  return job.subject ?? asked?.replace(/\\(.)/g, '$1') ?? null;
}

export interface StepRow {
  step: Step;
  state: 'open' | 'busy' | 'done' | 'failed';
  ms: number | null;
  began: number | null;
}

export type Outcome =
  | { kind: 'enrolled'; enrolled: Enrolled }
  | { kind: 'revoked'; revoked: Revoked }
  | { kind: 'imported'; imported: Imported }
  | { kind: 'requested'; request: OrderRequest }
  | { kind: 'nothing-happened' }
  | { kind: 'discarded' }
  | { kind: 'error'; error: ErrorView };

/** Does it begin, go on, or give up? */
type Doing = 'start' | 'resume' | 'discard';

export class Run {
  readonly id: number;
  readonly began = Date.now();
  readonly doing: Doing;
  readonly about: About;
  /** The job's number, when it had one before. */
  readonly job: string | null;
  /** Where it is shown: new certificates where they are ordered, the others where they are listed. */
  readonly screen: Screen;
  steps = $state<StepRow[]>([]);
  question = $state<{ id: number; question: Question } | null>(null);
  waiting = $state<{ until: number; text: string | null } | null>(null);
  driver = $state<{ file: string; description: string; token: string } | null>(null);
  cancelling = $state(false);
  outcome = $state<Outcome | null>(null);
  /** The seal has been stamped; it is not stamped again when the page is shown again. */
  stamped = false;

  constructor(doing: Doing, about: About, job: string | null = null) {
    this.id = newNumber();
    this.doing = doing;
    this.about = about;
    this.job = job;
    this.screen = about.kind === 'enroll' ? 'get' : about.kind === 'server' ? 'orders' : 'certificates';
    const steps = about.keyByCa ? WITH_KEY_BY_CA : STEPS[about.kind];
    this.steps = steps.map((step) => ({ step, state: 'open', ms: null, began: null }));
  }

  /** Is this the run's job, as the journal knows it? */
  is(job: JobView): boolean {
    if (this.job) return job.job === this.job;
    if (job.kind !== this.about.kind || Date.parse(job.updated) < this.began - 5000) return false;
    if (job.kind === 'enroll') return job.order.reference === this.about.reference;
    if (job.kind === 'server') return job.serverOrder === this.about.order;
    if (job.kind === 'import') return job.order.reference === this.about.name;
    return (job.kind === 'renew' ? job.renews : job.sha256) === this.about.sha256;
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
      (reached.step === 'make-key' && !this.about.keyByCa) ||
      ((reached.step === 'send-request' || reached.step === 'revoke') && reached.state === 'busy')
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
      if (outcome.kind === 'revoked' || outcome.kind === 'imported') row.state = 'done';
      if (outcome.kind === 'requested' && row.step === 'make-key') row.state = 'done';
    }
  }
}

// Not from 1: after a reload the host may still be ending a job of the page before.
let last = crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1;
let run = $state<Run | null>(null);

/** A number for what is about to be begun; each serves once. */
export function newNumber(): number {
  return ++last;
}

export function currentRun(): Run | null {
  return run;
}

/** A job is under way: no other one can be started. */
export function isRunning(): boolean {
  return run !== null && run.outcome === null;
}

/** Begins a run and ends it with what comes of the call. */
function start<T>(fresh: Run, call: (run: number) => Promise<T>, ended: (result: T) => Outcome): Run {
  const started = (run = fresh);
  call(started.id).then(
    (result) => started.end(ended(result)),
    (thrown) => started.end({ kind: 'error', error: asError(thrown) }),
  );
  return started;
}

export function startEnroll(order: EnrollOrder, ca: string, code: string): Run {
  const about: About = { kind: 'enroll', ca, reference: order.reference, keyByCa: order.keyByCa };
  return start(
    new Run('start', about),
    (id) => backend.startEnroll(id, order, code),
    (enrolled) => {
      // The two codes are used up.
      form.reference = form.code = form.path = '';
      form.names = {};
      form.keyByCa = false;
      return { kind: 'enrolled', enrolled };
    },
  );
}

export function startRenew(order: RenewOrder, about: About): Run {
  return start(
    new Run('start', about),
    (id) => backend.startRenew(id, order),
    (enrolled) => ({ kind: 'enrolled', enrolled }),
  );
}

/** `file` and `place`: as people call them. */
export function startImport(order: ImportOrder, file: string, place: string, done: () => void): Run {
  const about: About = { kind: 'import', ca: place, reference: '', name: file };
  return start(
    new Run('start', about),
    (id) => backend.startImport(id, order),
    (imported) => {
      done();
      return { kind: 'imported', imported };
    },
  );
}

/** The certificate of an order beside its key. `file`: as it was delivered; `null`: its source has it. */
export function startOrderInstall(order: string, file: string | null, about: About): Run {
  return start(
    new Run('start', about),
    (id) => backend.startOrderInstall(id, order, file),
    (enrolled) => ({ kind: 'enrolled', enrolled }),
  );
}

export function startRevoke(order: RevokeOrder, about: About): Run {
  return start(
    new Run('start', about),
    (id) => backend.startRevoke(id, order),
    (revoked) => ({ kind: 'revoked', revoked }),
  );
}

export function startResume(job: string, about: About): Run {
  return start(new Run('resume', about, job), (id) => backend.startResume(id, job), outcomeOf);
}

export function startDiscard(job: string, about: About): Run {
  return start(
    new Run('discard', about, job),
    (id) => backend.startDiscard(id, job),
    (resumed) => (resumed.outcome === 'nothing-happened' ? { kind: 'discarded' } : outcomeOf(resumed)),
  );
}

function outcomeOf(resumed: Resumed): Outcome {
  switch (resumed.outcome) {
    case 'enrolled':
      return { kind: 'enrolled', enrolled: resumed.enrolled };
    case 'revoked':
      return { kind: 'revoked', revoked: resumed.revoked };
    case 'imported':
      return { kind: 'imported', imported: resumed.imported };
    case 'requested':
      return { kind: 'requested', request: resumed.request };
    case 'nothing-happened':
      return { kind: 'nothing-happened' };
  }
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
      for (const row of job.steps.slice(0, job.steps.indexOf(job.row(event.step))))
        if (row.state === 'open') row.state = 'done';
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
