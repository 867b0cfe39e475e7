/**
 * What all inputs together may hold in memory (SERVICE mem_limit), shared so that the limit holds whatever they do and
 * no input can starve another: half of it is set aside in equal parts, one for each input, and the other half goes to
 * who comes first. An input whose outputs are dead fills its own part and the common half; the others go on.
 */
export interface BudgetMember {
  readonly usedBytes: number;
  resumeIfRoom(): void;
}

export class MemoryBudget {
  readonly limitBytes: number;
  usedBytes = 0;
  readonly members = new Set<BudgetMember>();

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  isFullFor(member: BudgetMember): boolean {
    // The common case costs one comparison.
    if (this.usedBytes < this.limitBytes / 2) return false;
    const part = this.limitBytes / 2 / this.members.size;
    if (member.usedBytes < part) return false;
    let setAside = 0;
    for (const other of this.members) if (other !== member) setAside += Math.max(0, part - other.usedBytes);
    return this.usedBytes + setAside >= this.limitBytes;
  }

  /** There is more room: whoever waits for it goes on. */
  resumeOthers(than: BudgetMember): void {
    for (const member of this.members) if (member !== than) member.resumeIfRoom();
  }
}
