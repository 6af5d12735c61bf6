"""BigchainDB's own validator: a JSON list of transactions in, a JSON list of verdicts out.

The server's package cannot be imported whole without its database and its consensus engine, so only the part with the
rules is loaded.
"""

import importlib.util
import json
import sys
import types

package = types.ModuleType("bigchaindb")
package.__path__ = importlib.util.find_spec("bigchaindb").submodule_search_locations
sys.modules["bigchaindb"] = package

from bigchaindb.common.exceptions import BigchainDBError  # noqa: E402
from bigchaindb.common.transaction import Transaction  # noqa: E402

Transaction.register_type(Transaction.CREATE, Transaction)


def holds(transaction):
    try:
        # schema, id, then conditions and signatures
        return Transaction.from_dict(transaction, False).inputs_valid()
    except BigchainDBError:
        return False


json.dump([holds(transaction) for transaction in json.load(sys.stdin)], sys.stdout)
