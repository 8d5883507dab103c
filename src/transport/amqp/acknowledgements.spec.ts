import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { Acknowledgements } from './acknowledgements.js';

/** What a broker makes of the frames of one channel. */
class Broker {
  readonly unsettled = new Set<number>();
  readonly acked = new Set<number>();
  frames = 0;

  ack({ fields }: { fields: { deliveryTag: number } }, allUpTo = false): void {
    this.frames++;
    const { deliveryTag } = fields;
    // RabbitMQ closes the channel of who settles a message twice.
    if (!this.unsettled.has(deliveryTag)) throw new Error('unknown delivery tag');
    for (const tag of this.unsettled) if (tag === deliveryTag || (allUpTo && tag < deliveryTag)) this.#acked(tag);
  }

  nack({ fields }: { fields: { deliveryTag: number } }): void {
    if (!this.unsettled.delete(fields.deliveryTag)) throw new Error('unknown delivery tag');
  }

  #acked(tag: number): void {
    this.unsettled.delete(tag);
    this.acked.add(tag);
  }
}

function channel(): { broker: Broker; acknowledgements: Acknowledgements; deliver: (tag: number) => void } {
  const broker = new Broker();
  const acknowledgements = new Acknowledgements(broker, () => {
    throw new Error('lost');
  });
  const deliver = (tag: number): void => {
    broker.unsettled.add(tag);
    acknowledgements.delivered(tag);
  };
  return { broker, acknowledgements, deliver };
}

const endOfTurn = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

describe('the acknowledgements of a channel', () => {
  it('go in one frame when they are those of the oldest deliveries', async () => {
    const { broker, acknowledgements, deliver } = channel();
    for (const tag of [1, 2, 3, 4]) deliver(tag);
    for (const tag of [3, 1, 2]) acknowledgements.ack(tag);
    await endOfTurn();
    expect([broker.frames, [...broker.unsettled]]).toEqual([1, [4]]);
  });

  it('spare a delivery that is older and still in hand', async () => {
    const { broker, acknowledgements, deliver } = channel();
    for (const tag of [1, 2, 3]) deliver(tag);
    for (const tag of [2, 3]) acknowledgements.ack(tag);
    await endOfTurn();
    expect([...broker.unsettled]).toEqual([1]);
  });

  it('are sent at once before the channel is closed', () => {
    const { broker, acknowledgements, deliver } = channel();
    deliver(1);
    acknowledgements.ack(1);
    acknowledgements.flush();
    expect([...broker.acked]).toEqual([1]);
  });

  it('settle each delivery once, as was asked for it, in whatever order', async () => {
    const step = fc.record({
      pick: fc.nat(),
      how: fc.constantFrom('deliver', 'deliver', 'ack', 'ack', 'requeue', 'turn'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { broker, acknowledgements, deliver } = channel();
        const inHand: number[] = [];
        const asked = new Set<number>();
        let tag = 0;
        for (const { pick, how } of steps) {
          if (how === 'turn') await endOfTurn();
          else if (how === 'deliver') {
            deliver(++tag);
            inHand.push(tag);
          } else {
            const [chosen] = inHand.splice(pick % Math.max(inHand.length, 1), 1);
            if (chosen === undefined) continue;
            acknowledgements[how](chosen);
            if (how === 'ack') asked.add(chosen);
          }
        }
        await endOfTurn();
        expect(broker.acked).toEqual(asked);
        expect([...broker.unsettled]).toEqual(inHand.toSorted((a, b) => a - b));
      }),
    );
  });
});
