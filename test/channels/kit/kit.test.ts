import fs from 'node:fs';
import path from 'node:path';
import {
  type Bill,
  BillError,
  type BillLine,
  type BillReader,
  type CallRecord,
  type ChannelDriver,
  type ChannelSimulator,
  type NotificationEvent,
  type NotificationReading,
  type Outcome,
  optionalVerbs,
  type PayerAction,
  type PaymentReference,
  type PayRequest,
  type RefundRequest,
  type Scene,
  type SettledClaim,
} from '@hospital-pay/payments/contract';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { root } from '../../harness/root';
import { candidates } from './channels';
import { forgeries, spoiled } from './forgeries';
import { type Inbox, openInbox } from './inbox';
import { startSandboxed } from './sandboxed';

const patientName = '欧阳慧敏';
const answerFaults = ['reply_lost', 'reset', 'http_5xx', 'garbage', 'bad_signature'] as const;

test('a channel that the kit does not try has a suite of its own', () => {
  for (const { provenBy } of candidates().map(({ underTest }) => underTest)) {
    if (provenBy) expect(fs.existsSync(path.join(root, provenBy))).toBe(true);
  }
});

const tried = candidates().filter(({ underTest }) => underTest.provenBy === undefined);

/** The contract of a channel (plugins/payments/src/contract/channel.ts), tried on every folder in plugins/channels. */
describe.each(tried.map((candidate) => ({ code: candidate.manifest.code, ...candidate })))(
  '$code',
  ({ code, manifest, underTest }) => {
    const { scenes, verbs } = manifest;
    const offers = (verb: (typeof optionalVerbs)[number]) => verbs.includes(verb);
    const [firstScene] = scenes;
    /** A scene in which the payer acts after we asked, where the channel has one. */
    const slowScene = scenes.find((scene) => scene !== 'micropay');

    let simulator: ChannelSimulator;
    let inbox: Inbox;
    let driver: ChannelDriver;
    let impatient: ChannelDriver;
    const calls: CallRecord[] = [];
    const secrets: string[] = [];
    /** The channel's own numbers as they become known, which the platform keeps and hands back. */
    const channelNos = new Map<string, string>();
    let currency = manifest.currency;
    let zone = manifest.zone;
    let serial = 0;

    beforeAll(async () => {
      inbox = await openInbox();
      simulator = await (underTest.start?.({ notifyUrl: inbox.url }) ??
        startSandboxed(code, inbox.url, underTest.prepare));
      const connect = (timeoutMs: number) =>
        manifest.connect(simulator.config, {
          now: () => new Date(),
          notifyUrl: inbox.url,
          timeoutMs,
          record: (call) => {
            calls.push(call);
          },
        });
      ({ currency, zone } = manifest.placeOf?.(simulator.config) ?? manifest);
      driver = connect(10_000);
      impatient = connect(700);
      inbox.reader = driver;
      secrets.push(...secretsOf(manifest.config.properties, simulator.config));
    }, 60_000);

    afterAll(async () => {
      await simulator.stop();
      await inbox.stop();
    });

    async function requestOf(
      scene: Scene,
      amount: number,
      fate: 'pays' | 'waits' = 'pays',
    ): Promise<PayRequest> {
      serial += 1;
      const request: PayRequest = {
        attemptNo: `K${Date.now()}${String(serial).padStart(4, '0')}`,
        scene,
        amount,
        currency,
        subject: `${patientName}的门诊费`,
        // Twenty seconds old: some channels want a payment to rest before it is reversed.
        createdAt: new Date(Date.now() - 20_000),
        expiresAt: new Date(Date.now() + 600_000),
        payerId: '2088722003899001',
        clientIp: '127.0.0.1',
        returnUrl: 'https://hospital.example/back',
        ...underTest.request?.(scene),
        ...(manifest.takesToken ? { token: simulator.token?.(amount, fate) ?? '' } : {}),
      };
      if (request.token !== undefined) secrets.push(request.token);
      if (manifest.insurance) return { ...request, claim: await claimOf(request.attemptNo, amount, fate) };
      if (scene !== 'micropay' || request.authCode !== undefined) return request;
      const authCode = simulator.paymentCode?.(fate);
      if (authCode === undefined) throw new Error('a channel with payment codes needs some to be tried with');
      secrets.push(authCode);
      return { ...request, authCode };
    }

    /** As the orchestration of a mixed payment comes to it: HIS names the fee, insurance what it bears. */
    async function claimOf(attemptNo: string, amount: number, fate: 'pays' | 'waits'): Promise<SettledClaim> {
      // Of a fee that is none there is no claim; what is refused is the amount.
      const borne = Number.isSafeInteger(amount) && amount > 0 ? amount : 100;
      const fee = await simulator.fee?.(borne, fate, patientName);
      if (fee === undefined) throw new Error('an insurance channel needs fees to be tried with');
      secrets.push(...patientsOwn(fee.details));
      if (fee.claim) return fee.claim;
      const quote = await driver.quote?.({ attemptNo, totalFen: fee.totalFen, details: fee.details });
      if (quote?.kind !== 'quoted') throw new Error(`quoted ${JSON.stringify(quote)}`);
      if (quote.claim.token !== undefined) secrets.push(quote.claim.token);
      return { ...quote.claim, details: fee.details };
    }

    const referenceOf = (request: PayRequest): PaymentReference => ({
      attemptNo: request.attemptNo,
      scene: request.scene,
      amount: request.amount,
      currency: request.currency,
      createdAt: request.createdAt ?? new Date(),
      expiresAt: request.expiresAt,
      ...(request.claim ? { claim: request.claim } : {}),
      ...(channelNos.has(request.attemptNo) ? { channelNo: channelNos.get(request.attemptNo) ?? '' } : {}),
    });

    const actionOf = (outcome: Outcome): PayerAction | undefined =>
      outcome.kind === 'pending' ? outcome.payerAction : undefined;

    async function settled(ask: () => Promise<Outcome>): Promise<Outcome> {
      let outcome = await ask();
      for (let round = 0; round < 20 && outcome.kind === 'pending'; round += 1) {
        await new Promise((resolve) => setTimeout(resolve, 25));
        outcome = await ask();
      }
      return outcome;
    }

    function learned(request: PayRequest, outcome: Outcome): Outcome {
      if ('channelNo' in outcome && outcome.channelNo !== undefined) {
        channelNos.set(request.attemptNo, outcome.channelNo);
      }
      return outcome;
    }

    const ask = async (request: PayRequest) => learned(request, await driver.pay(request));
    const find = (request: PayRequest) =>
      settled(async () => learned(request, await driver.query(referenceOf(request))));

    /** Asked for and paid, whatever the scene needs of the patient. */
    async function paid(scene: Scene, amount: number): Promise<PayRequest> {
      const request = await requestOf(scene, amount);
      const outcome = await ask(request);
      if (outcome.kind !== 'paid') await simulator.pay(request, actionOf(outcome));
      expect(await find(request)).toMatchObject({ kind: 'paid', amount, currency });
      return request;
    }

    const booked = (attemptNo: string) =>
      simulator.payments().filter((payment) => payment.attemptNo === attemptNo);

    const refundOf = (payment: PayRequest, amount: number, suffix = 'R1'): RefundRequest => ({
      refundNo: `${payment.attemptNo}${suffix}`,
      amount,
      requestedAt: new Date(),
      reason: `${patientName}退号`,
      payment: referenceOf(payment),
    });

    /** A part of a payment; an insurer gives back all or nothing. */
    const part = (request: PayRequest, amount: number) => (manifest.insurance ? request.amount : amount);

    const found = (refund: RefundRequest) =>
      settled(async () => (await driver.queryRefund?.(refund)) ?? { kind: 'unknown', cause: 'not offered' });

    describe('manifest', () => {
      test('it offers exactly the verbs that it says', () => {
        expect(optionalVerbs.filter((verb) => driver[verb] !== undefined)).toEqual(
          optionalVerbs.filter(offers),
        );
      });

      test('every field of its form and every explanation is there in both languages', () => {
        expect(manifest.title.zh && manifest.title.en).toBeTruthy();
        for (const field of Object.values(manifest.config.properties)) {
          expect(field.title && field.titleEn).toBeTruthy();
        }
        for (const { zh, en } of Object.values(manifest.errors)) expect(zh && en).toBeTruthy();
      });

      test('an account is tested by a call that moves nothing', async () => {
        const before = simulator.payments();
        // A channel that has ended says so, and asks nobody.
        expect((await driver.test()).ok).toBe(firstScene !== undefined);
        expect(simulator.payments()).toEqual(before);
      });
    });

    if (scenes.length > 0) {
      describe.each(scenes)('scene %s', (scene) => {
        test('a payment is asked for, paid, and found paid', async () => {
          const request = await paid(scene, 1_999);
          expect(booked(request.attemptNo)).toEqual([
            { attemptNo: request.attemptNo, amount: 1_999, paid: true, refunds: [] },
          ]);
        });

        test('asking again for the same attempt does not charge twice, and never says failed', async () => {
          const request = await paid(scene, 2_100);
          const again = await driver.pay(request);
          expect(['paid', 'pending', 'unknown']).toContain(again.kind);
          expect(booked(request.attemptNo)).toHaveLength(1);
          expect(await find(request)).toMatchObject({ kind: 'paid', amount: 2_100 });
        });
      });
    }

    if (firstScene !== undefined) {
      describe('amounts', () => {
        const scene = slowScene ?? firstScene;

        test('one minor unit, and every amount after it, comes back exactly', async () => {
          const amounts = fc.oneof(
            fc.constantFrom(1, 2, 9, 10, 99, 100, 101, 9_999_999),
            fc.integer({ min: 1, max: 5_000_000 }),
          );
          await fc.assert(
            fc.asyncProperty(amounts, async (amount) => {
              const request = await paid(scene, amount);
              expect(booked(request.attemptNo)).toMatchObject([{ amount, paid: true }]);
            }),
            { numRuns: 12, examples: [[1], [100], [9_999_999]] },
          );
        }, 60_000);

        test('an amount that is none is refused before anything is asked', async () => {
          const before = simulator.payments().length;
          for (const amount of [0, -1, 0.5, Number.NaN]) {
            const outcome = await driver.pay(await requestOf(scene, amount)).catch(() => undefined);
            expect(outcome?.kind ?? 'failed').toBe('failed');
          }
          expect(simulator.payments()).toHaveLength(before);
        });

        test('an answer about another amount or currency is never a success', async () => {
          const request = await paid(scene, 3_210);
          for (const amount of [3_209, 3_211, 1]) {
            const outcome = await driver.query({ ...referenceOf(request), amount });
            expect(['unknown', 'pending']).toContain(outcome.kind);
          }
          // The platform compares currencies itself; the channel must not echo ours.
          const outcome = await driver.query({ ...referenceOf(request), currency: 'HKD' });
          if (outcome.kind === 'paid') expect(outcome.currency).toBe(currency);
        });

        test('another currency is refused before anything is asked', async () => {
          const before = simulator.payments().length;
          const outcome = await driver.pay({ ...(await requestOf(scene, 100)), currency: 'HKD' });
          expect(outcome.kind).toBe('failed');
          expect(simulator.payments()).toHaveLength(before);
        });
      });

      describe('unknown', () => {
        test.each(answerFaults.filter((kind) => kind !== 'bad_signature' || !underTest.answersUnsigned))(
          'a payment whose answer ends in %s is unknown, and the query tells',
          async (kind) => {
            for (const scene of new Set([firstScene, slowScene ?? firstScene])) {
              const request = await requestOf(scene, 1_999);
              const struck = simulator.fault('pay', scene, kind);
              const outcome = await impatient.pay(request);
              // A QR that is made without asking the channel has no answer that could be lost.
              if (!struck()) continue;
              expect(outcome.kind).toBe('unknown');
              if (underTest.lostUnpaid?.includes(scene)) {
                expect(['unknown', 'pending', 'closed']).toContain((await find(request)).kind);
                continue;
              }
              if (booked(request.attemptNo)[0]?.paid !== true) await simulator.pay(request, undefined);
              expect(await find(request)).toMatchObject({ kind: 'paid', amount: 1_999 });
              expect(booked(request.attemptNo)).toHaveLength(1);
            }
          },
        );

        test('a payment the channel never heard of is not said to be paid', async () => {
          const outcome = await driver.query(referenceOf(await requestOf(firstScene, 100)));
          expect(['unknown', 'pending', 'closed']).toContain(outcome.kind);
        });

        if (offers('refund') && offers('queryRefund')) {
          test.each(answerFaults.filter((kind) => kind !== 'bad_signature' || !underTest.answersUnsigned))(
            'a refund whose answer ends in %s is unknown, and pays back once however often it is sent',
            async (kind) => {
              const request = await paid(slowScene ?? firstScene, 1_999);
              const amount = part(request, 500);
              const refund = refundOf(request, amount);
              const struck = simulator.fault('refund', request.scene, kind);
              const outcome = await impatient.refund?.(refund);
              expect([struck(), outcome?.kind]).toEqual([true, 'unknown']);
              await driver.refund?.(refund);
              expect(await found(refund)).toMatchObject({ kind: 'refunded', amount, currency });
              expect(booked(request.attemptNo)).toMatchObject([
                {
                  refunds: [
                    { amount, ...(underTest.refundsUnnumbered ? {} : { refundNo: refund.refundNo }) },
                  ],
                },
              ]);
            },
          );
        }
      });

      if (offers('quote')) {
        describe('quote', () => {
          const ask = async (
            attemptNo: string,
            fee: { totalFen: number; details: Record<string, unknown> },
          ) => driver.quote?.({ attemptNo, ...fee });

          test('what insurance bears and what the patient pays make the fee; asked again it is the same', async () => {
            const before = simulator.payments();
            for (const [index, amount] of [1, 99, 1_999, 5_000_000].entries()) {
              const fee = await simulator.fee?.(amount, 'pays', patientName);
              if (fee === undefined) throw new Error('no fee');
              const attemptNo = `KQ${Date.now()}${index}`;
              const quote = await ask(attemptNo, fee);
              if (quote?.kind !== 'quoted') throw new Error(`quoted ${JSON.stringify(quote)}`);
              const { fundFen, accountFen, otherFen, cashFen } = quote.claim.split;
              expect(fundFen + accountFen + otherFen).toBe(amount);
              expect(amount + cashFen).toBe(fee.totalFen);
              expect(await ask(attemptNo, fee)).toEqual(quote);
            }
            expect(simulator.payments()).toEqual(before);
          });

          test('a fee whose lines do not make its total is refused', async () => {
            const fee = await simulator.fee?.(1_000, 'pays', patientName);
            const quote = await ask('KQLINES', {
              totalFen: (fee?.totalFen ?? 0) + 1,
              details: fee?.details ?? {},
            });
            expect(quote?.kind).toBe('refused');
          });

          test.each(answerFaults)('a quote whose answer ends in %s is unknown', async (kind) => {
            const fee = await simulator.fee?.(1_000, 'pays', patientName);
            if (fee === undefined) throw new Error('no fee');
            const struck = simulator.fault('quote', firstScene, kind);
            const quote = await impatient.quote?.({ attemptNo: `KQ${kind}`, ...fee });
            expect([struck(), quote?.kind]).toEqual([true, 'unknown']);
          });
        });
      }

      if (offers('close')) {
        describe('close', () => {
          test('an unpaid order is closed', async () => {
            const request = await requestOf(slowScene ?? firstScene, 1_500, 'waits');
            await driver.pay(request);
            expect(
              await settled(async () => (await driver.close?.(referenceOf(request))) ?? never()),
            ).toMatchObject({
              kind: 'closed',
            });
            expect(booked(request.attemptNo)[0]?.paid ?? false).toBe(false);
          });

          test('a paid order is not said to be closed unpaid', async () => {
            const request = await paid(slowScene ?? firstScene, 1_600);
            const outcome = await driver.close?.(referenceOf(request));
            expect(['unknown', 'paid', 'pending']).toContain(outcome?.kind);
            expect(await find(request)).toMatchObject({ kind: 'paid' });
          });
        });
      }

      if (offers('reverse')) {
        describe('reverse', () => {
          test('a payment whose patient does not answer is undone', async () => {
            const request = await requestOf(firstScene, 1_700, 'waits');
            await ask(request);
            expect(await driver.reverse?.(referenceOf(request))).toMatchObject({ kind: 'closed' });
            expect(booked(request.attemptNo)[0]?.paid ?? false).toBe(false);
          });

          test('a payment that was taken is given back', async () => {
            const request = await paid(firstScene, 1_800);
            expect(await driver.reverse?.(referenceOf(request))).toEqual({ kind: 'closed', reversed: true });
          });
        });
      }

      if (offers('refund')) {
        describe('refund', () => {
          test('a part and then the rest is paid back, and no more', async () => {
            const request = await paid(firstScene, 1_999);
            const parts = manifest.insurance
              ? [refundOf(request, 1_999)]
              : [refundOf(request, 500), refundOf(request, 1_499, 'R2')];
            for (const refund of parts) {
              const outcome = await driver.refund?.(refund);
              expect(['refunded', 'pending']).toContain(outcome?.kind);
              if (offers('queryRefund'))
                expect(await found(refund)).toMatchObject({ kind: 'refunded', amount: refund.amount });
            }
            const excess = await driver.refund?.(refundOf(request, 1, 'R3'));
            expect(['failed', 'unknown']).toContain(excess?.kind);
            expect(sum(booked(request.attemptNo)[0]?.refunds ?? [])).toBe(1_999);
          });

          test('the same number twice is one refund', async () => {
            const request = await paid(firstScene, 1_999);
            const refund = refundOf(request, part(request, 700));
            await driver.refund?.(refund);
            expect(['refunded', 'pending', 'unknown']).toContain((await driver.refund?.(refund))?.kind);
            expect(booked(request.attemptNo)).toMatchObject([{ refunds: [{ amount: refund.amount }] }]);
          });
        });
      }

      if (offers('queryRefund')) {
        describe('queryRefund', () => {
          test('a refund nobody made is not said to be refunded', async () => {
            const request = await paid(firstScene, 1_999);
            const outcome = await driver.queryRefund?.(refundOf(request, part(request, 100), 'RX'));
            expect(['unknown', 'pending', 'failed']).toContain(outcome?.kind);
          });
        });
      }

      if (offers('readNotification')) {
        describe('notification', () => {
          const scene = slowScene ?? firstScene;
          /** Says no more of money than stands in the channel's books. */
          const isTrue = ({ event }: Extract<NotificationReading, { kind: 'event' }>) =>
            event.outcome.kind !== 'paid' ||
            booked(event.attemptNo).some(
              ({ paid, amount }) => paid && 'amount' in event.outcome && amount === event.outcome.amount,
            );

          /** Without the time of hearing, which is no part of what was said. */
          const said = (event: NotificationEvent) =>
            underTest.notificationsTimeless && event.outcome.kind === 'paid'
              ? { ...event, outcome: { ...event.outcome, paidAt: undefined } }
              : event;

          async function told() {
            const before = inbox.received.length;
            const request = await paid(scene, 4_321);
            const raw = await inbox.next(before + 1);
            const reading = await driver.readNotification?.(raw);
            if (reading?.kind !== 'event') throw new Error(`read as ${JSON.stringify(reading)}`);
            return { request, raw, reading };
          }

          test('it is read, names our attempt, and says the same on every repeat', async () => {
            const { request, reading } = await told();
            expect(reading.event).toMatchObject({ kind: 'payment', attemptNo: request.attemptNo });
            if (underTest.notificationsUnsigned) expect(isTrue(reading)).toBe(true);
            else expect(reading.event.outcome).toMatchObject({ kind: 'paid', amount: 4_321, currency });
            const before = inbox.received.length;
            await simulator.repeatNotification(request.attemptNo);
            const repeated = await driver.readNotification?.(await inbox.next(before + 1));
            if (repeated?.kind !== 'event') throw new Error(`the repeat was read as ${repeated?.kind}`);
            expect([repeated.notificationId, said(repeated.event)]).toEqual([
              reading.notificationId,
              said(reading.event),
            ]);
          });

          test('with any byte of the body, any header or its length altered it is refused or says the same', async () => {
            const { raw, reading } = await told();
            let refused = 0;
            let tried = 0;
            for (const forged of forgeries(raw)) {
              const read = await driver.readNotification?.(forged);
              tried += 1;
              if (read?.kind !== 'event') refused += 1;
              else if (underTest.notificationsUnsigned) expect(isTrue(read)).toBe(true);
              else expect(said(read.event)).toEqual(said(reading.event));
            }
            // What may differ unseen: headers of the transport, the case of an escape, a trailing blank.
            if (!underTest.notificationsUnsigned) expect(refused).toBeGreaterThan(raw.body.length * 0.9);
            process.stdout.write(`${code}: ${refused} of ${tried} altered notifications refused\n`);
          }, 60_000);

          test('what is no notification is refused and answered', async () => {
            for (const body of ['', '{}', 'a=b', '<xml/>', '\u0000\u00ff']) {
              const reading = await driver.readNotification?.({ headers: {}, body: Buffer.from(body) });
              expect(reading?.kind === 'event' && moves(reading)).toBe(false);
            }
          });
        });
      }
    }

    if (manifest.billReader !== undefined) {
      describe('bill', () => {
        const today = () => DateTime.now().setZone(zone).toFormat('yyyy-MM-dd');
        let bill: Extract<Bill, { kind: 'ready' }>;

        async function read(bytes: Buffer): Promise<Bill> {
          const { openBill }: { openBill: BillReader } = await import(manifest.billReader ?? '');
          return openBill(bytes, { date: today(), config: simulator.config });
        }

        /** Asked for, or fetched by hand where there is nothing to ask. */
        const fetched = async () =>
          (await driver.bill?.(today())) ?? read(simulator.billFile?.(today()) ?? Buffer.alloc(0));

        test('it says exactly what the channel booked', async () => {
          if (firstScene !== undefined) {
            const request = await paid(firstScene, 5_555);
            const refund = refundOf(request, part(request, 555));
            await driver.refund?.(refund);
            if (offers('queryRefund')) await found(refund);
          }
          const answer = await fetched();
          if (answer.kind !== 'ready') throw new Error(`the bill is ${answer.kind}`);
          bill = answer;
          const reversed = new Set(
            simulator.payments().flatMap((payment) => (payment.reversed ? [payment.attemptNo] : [])),
          );
          const lines = (await collect(bill)).filter(
            ({ kind, orderNo }) => kind === 'payment' || !reversed.has(orderNo),
          );
          expect(
            lines.map(({ kind, orderNo, amountFen }) => `${kind} ${orderNo} ${amountFen}`).sort(),
          ).toEqual(
            simulator
              .payments()
              .filter((payment) => payment.paid)
              .flatMap((payment) => [
                `payment ${payment.attemptNo} ${payment.amount}`,
                ...payment.refunds.map((refund) => `refund ${payment.attemptNo} ${refund.amount}`),
              ])
              .sort(),
          );
        });

        test('a file with an altered byte is refused or says the same money; half a file is refused', async () => {
          const moneyOf = async (bytes: Buffer) => {
            try {
              return money(await collect(await read(bytes)));
            } catch (error) {
              if (error instanceof BillError) return 'refused';
              throw error;
            }
          };
          const genuine = await moneyOf(bill.file.bytes);
          expect(genuine).not.toBe('refused');
          for (const bytes of spoiled(bill.file.bytes, 150)) {
            const result = await moneyOf(bytes);
            // A file without totals of its own cannot betray a digit.
            if (bill.totals !== undefined) expect(['refused', genuine]).toContain(result);
          }
          if (bill.totals !== undefined) {
            expect(await moneyOf(bill.file.bytes.subarray(0, bill.file.bytes.length / 2))).toBe('refused');
          }
        }, 60_000);

        if (offers('bill')) {
          test('a day that has not come has no bill', async () => {
            const tomorrow = DateTime.now().setZone(zone).plus({ days: 1 }).toFormat('yyyy-MM-dd');
            expect((await driver.bill?.(tomorrow))?.kind).not.toBe('ready');
          });
        }
      });
    }

    describe('secrets', () => {
      test('no secret of the account, payment code or full name of a patient stands in the interface log', () => {
        expect(calls.length > 0).toBe(firstScene !== undefined);
        const log = calls
          .map(({ url, request, response, errorMessage }) =>
            [url, request, response, errorMessage].join('\n'),
          )
          .join('\n');
        const readable = `${log}\n${decoded(log)}`;
        for (const secret of [...secrets, patientName]) {
          if (readable.includes(secret)) throw new Error(`the log holds ${secret.slice(0, 6)}…`);
        }
      });

      test('every call about a payment names it', () => {
        const nameless = calls.filter(
          ({ method, attemptNo }) => /order|refund/.test(method) && attemptNo === undefined,
        );
        expect(nameless).toEqual([]);
      });
    });
  },
);

function moves(reading: NotificationReading): boolean {
  return reading.kind === 'event' && ['paid', 'refunded'].includes(reading.event.outcome.kind);
}

const personal = new Set(['idNo', 'payAuthNo', 'ecToken', 'psnNo', 'id_no', 'pay_auth_no', 'geo_location']);

/** Who the patient is and what authorizes a payment in his name, as HIS says it. */
const patientsOwn = (details: object): string[] =>
  Object.entries(details).flatMap(([name, value]) => {
    if (typeof value === 'object' && value !== null) return patientsOwn(value);
    return personal.has(name) && typeof value === 'string' ? [value] : [];
  });

/** Values of secret fields; of a PEM, each line of its body. */
function secretsOf(
  properties: Record<string, { secret?: boolean }>,
  config: Record<string, string | boolean | number | undefined>,
): string[] {
  return Object.entries(properties)
    .filter(([, field]) => field.secret)
    .map(([name]) => config[name])
    .filter((value) => typeof value === 'string')
    .flatMap((value) =>
      value.includes('-----BEGIN')
        ? value.split('\n').filter((line) => line.length > 40 && !line.startsWith('-----'))
        : [value],
    )
    .filter((value) => value.length >= 6);
}

function decoded(text: string): string {
  return text.replace(/(?:%[0-9A-Fa-f]{2})+/g, (escaped) => {
    try {
      return decodeURIComponent(escaped);
    } catch {
      return escaped;
    }
  });
}

async function collect(bill: Bill): Promise<BillLine[]> {
  if (bill.kind !== 'ready') throw new Error(`the bill is ${bill.kind}`);
  const lines: BillLine[] = [];
  for await (const line of bill.lines()) lines.push(line);
  return lines;
}

function money(lines: readonly BillLine[]): string {
  const of = (kind: BillLine['kind']) => lines.filter((line) => line.kind === kind);
  return ['payment' as const, 'refund' as const]
    .map(
      (kind) =>
        `${of(kind).length} ${kind}s of ${of(kind).reduce((total, line) => total + line.amountFen, 0)}`,
    )
    .join(', ');
}

const sum = (rows: readonly { amount: number }[]) => rows.reduce((total, row) => total + row.amount, 0);

function never(): never {
  throw new Error('not offered');
}
