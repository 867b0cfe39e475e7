/** The options as their reader gives them. */
import type { OptionsOf } from '../../src/options.ts';
import type { KUBERNETES_OPTIONS } from './options.ts';

export type Options = OptionsOf<typeof KUBERNETES_OPTIONS>;
