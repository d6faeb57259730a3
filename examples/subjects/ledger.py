#!/usr/bin/env python3
# Payments on the ledger of docs/book/reference/semantics.md, as a subject: docs/book/reference/subject-protocol.md is what it speaks.
#
# With --fault it loses an update: with several workers, in a third of the interleavings (the request's seed stands for
# one), a second payment to an account is added to the balance that was there before the first.
import json
import sys

FAULT = "--fault" in sys.argv
TOS = "00" * 32
MOST = 2**64 - 1
HELLO = {"protocol": 1, "capabilities": {
    "name": "ledger.py", "supports": {"unknown_destinations": True}, "assumes": ["valid_signatures", "minimum_fee"]}}


def execute(request):
    state, accounts = request["state"], request["state"]["accounts"]
    done, first, used, stale = set(state["executed"]), {}, {}, {}
    racing = FAULT and request["workers"] > 1 and request["seed"] % 3 == 0

    def is_executed(tx):
        body, after = tx["body"], {}
        source, nonce, transfers = body["source"], body["nonce"], body["data"]["Transfers"]
        extra = [len(transfer.get("extra_data") or "") // 2 for transfer in transfers]
        if tx["hash"] in done or source not in accounts or tx.get("multisig"):
            return False
        if body["reference"]["topoheight"] > state["topoheight"] + 1:
            return False
        nonces, initial = used.setdefault(source, set()), first.setdefault(source, accounts[source]["nonce"])
        if not initial <= nonce < MOST or nonce in nonces:
            return False
        if not 1 <= len(transfers) <= 255 or max(extra) > 128 or sum(extra) > 4096:
            return False
        if any(each["destination"] == source or each["asset"] not in state["assets"] for each in transfers):
            return False

        # New balances by account and asset: first all that is spent, then what is received.
        def add(account, asset, amount):
            before = accounts.get(account, {}).get("balances", {}).get(asset, 0)
            after[account, asset] = after.get((account, asset), before) + amount
        for asset, amount in [(TOS, body["fee"])] + [(each["asset"], each["amount"]) for each in transfers]:
            add(source, asset, -amount)
        for each in transfers:
            add(each["destination"], each["asset"], each["amount"])
        if min(after.values()) < 0 or max(after.values()) > MOST:
            return False

        for (account, asset), value in after.items():
            balances = accounts.setdefault(account, {"nonce": 0, "balances": {}})["balances"]
            now = balances.get(asset, 0)
            if racing and account != source:
                value += stale.setdefault((account, asset), now) - now
            balances[asset] = value
        done.add(tx["hash"])
        nonces.add(nonce)
        accounts[source]["nonce"] = max(nonces) + 1
        return True

    outcomes = ["executed" if is_executed(tx) else "failed" for tx in request["block"]["transactions"]]
    return {"id": request["id"], "outcomes": outcomes, "state": {"accounts": accounts}}


print(json.dumps(HELLO), flush=True)
for line in sys.stdin:
    print(json.dumps(execute(json.loads(line))), flush=True)
