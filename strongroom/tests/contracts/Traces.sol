// SPDX-License-Identifier: Apache-2.0 OR MIT
// A small contract with the functions that an import reads, and one that writes; made for the tests alone.
// Traces.hex is what solc 0.8.37 makes of it (optimiser on, 200 runs, EVM version london).
pragma solidity ^0.8.17;

contract Traces {
    struct TraceEntry {
        uint256 bTime;
        uint64 eTime;
        address sender;
        uint256 hash;
        string trace;
    }

    TraceEntry[] private entries;
    mapping(bytes32 => bool) private taken;

    function addTrace(uint64 eTime, string calldata traceId, string calldata trace)
        external
        returns (uint8, string memory)
    {
        bytes32 key = keccak256(bytes(traceId));
        if (taken[key]) {
            return (2, "trace already exists");
        }
        taken[key] = true;
        entries.push(TraceEntry(block.timestamp, eTime, msg.sender, uint256(sha256(abi.encode(trace))), trace));
        return (0, "");
    }

    function getTracesCount() external view returns (uint256, uint8, string memory) {
        return (entries.length, 0, "");
    }

    function getTracesSubarray(uint64 startPos, uint64 maxNumElems)
        external
        view
        returns (TraceEntry[] memory, uint8, string memory)
    {
        if (startPos >= entries.length) {
            return (new TraceEntry[](0), 1, "start is behind the end");
        }
        uint256 left = entries.length - startPos;
        uint256 n = maxNumElems < left ? maxNumElems : left;
        TraceEntry[] memory page = new TraceEntry[](n);
        for (uint256 i = 0; i < n; i++) {
            page[i] = entries[startPos + i];
        }
        return (page, 0, "");
    }
}
