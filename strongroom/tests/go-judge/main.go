// Command go-judge is a log that other people wrote: it has its checkpoints cosigned by a witness and lets itself be
// mirrored, with none of Strongroom's code.
//
// It exits with status 0 when everything holds, 1 when something does not, 2 when it was called wrongly:
//
//	go-judge key FILE NAME
//	go-judge log FOLDER KEY-FILE POLICY-FILE LEAVES
//	go-judge ask URL WITNESS-VKEY FOLDER KEY-FILE
//
// key makes the log's key and prints its public half. log keeps a log of Tessera in FOLDER, which publishes nothing
// that the witnesses of the policy have not cosigned, appends LEAVES entries, prints its address, and serves the
// folder until its standard input ends. ask sends to a witness what it must cosign and what it must
// refuse.
package main

import (
	"fmt"
	"os"
	"strconv"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "go-judge:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 3 && args[0] == "key":
		return makeKey(args[1], args[2])
	case len(args) == 5 && args[0] == "log":
		leaves, err := strconv.Atoi(args[4])
		if err != nil {
			return fmt.Errorf("LEAVES: %w", err)
		}
		return keepLog(args[1], args[2], args[3], leaves)
	case len(args) == 5 && args[0] == "ask":
		return ask(args[1], args[2], args[3], args[4])
	}
	fmt.Fprintln(os.Stderr, "usage: go-judge key FILE NAME")
	fmt.Fprintln(os.Stderr, "       go-judge log FOLDER KEY-FILE POLICY-FILE LEAVES")
	fmt.Fprintln(os.Stderr, "       go-judge ask URL WITNESS-VKEY FOLDER KEY-FILE")
	os.Exit(2)
	return nil
}
