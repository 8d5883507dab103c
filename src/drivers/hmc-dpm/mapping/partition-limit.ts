/** How many partitions of a machine can be active at once, by machine type (hmc-dpm.md section 6). */
const LIMITS: Readonly<Record<string, number>> = {
  '2817': 60,
  '2827': 60,
  '2818': 30,
  '2828': 30,
  '2964': 85,
  '3906': 85,
  '8561': 85,
  '3931': 85,
  '2965': 40,
  '3907': 40,
};
/** Machines of one type whose models differ. */
const SMALL_MODELS: Readonly<Record<string, number>> = { '8562-T02': 40, '8562-LT2': 40, '8562-GT2': 85 };

/** Undefined where it is not known. */
export function partitionLimit(type: string | null | undefined, model: string | null | undefined): number | undefined {
  return SMALL_MODELS[`${type ?? ''}-${model ?? ''}`] ?? LIMITS[type ?? ''];
}
