/** The `kubernetes_logs` input: follows the logs of pods through the Kubernetes API server, where no node can be reached. */
import { defineInput } from '../../src/plugin.ts';
import { KubernetesLogs } from './follow.ts';
import { KUBERNETES_LOGS_OPTIONS } from './options.ts';
import { readSettings } from './settings.ts';

export default defineInput({
  name: 'kubernetes_logs',
  summary: 'Follows the logs of pods through the Kubernetes API server, and goes on where it stopped.',
  options: KUBERNETES_LOGS_OPTIONS,
  canWait: true,
  create: (options, host) => new KubernetesLogs(readSettings(options), host),
});
