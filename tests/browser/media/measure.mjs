// The numbers of a connection that its browser counts.

/** Sums and states of now: what is received by mid, what is sent by rid, and the path. */
export async function measure(connection) {
  const received = {};
  const sent = {};
  let path = {};
  const reports = await connection.getStats();
  for (const report of reports.values()) {
    if (report.type === 'inbound-rtp') {
      received[report.mid] = report;
    } else if (report.type === 'outbound-rtp') {
      sent[report.rid ?? report.kind] = report;
    } else if (report.type === 'transport') {
      const pair = reports.get(report.selectedCandidatePairId);
      const local = pair && reports.get(pair.localCandidateId);
      path = { ...pair, protocol: local?.protocol };
    }
  }
  return { at: performance.now(), received, sent, path };
}
