// Command go-reader verifies a ledger with Go's transparency-log modules and none of Strongroom's code.
//
// It exits with status 0 when everything holds, 1 when something does not, 2 when it was called wrongly:
//
//	go-reader check-dir DIR VKEY [WITNESS-VKEY...]
//	go-reader check-url URL VKEY [WITNESS-VKEY...]
//	go-reader check-proof FILE VKEY LEAF-HASH-HEX
//
// check-dir and check-url verify the checkpoint's signatures, every tile against the root, every entry
// against its leaf hash, and proofs made from the tiles; check-dir also verifies each *.tlog-proof below DIR.
package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/transparency-dev/formats/log"
	formatsnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/formats/proof"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	merkleproof "github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

func main() {
	args := os.Args[1:]
	if len(args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: go-reader check-dir DIR VKEY [WITNESS-VKEY...]")
		fmt.Fprintln(os.Stderr, "       go-reader check-url URL VKEY [WITNESS-VKEY...]")
		fmt.Fprintln(os.Stderr, "       go-reader check-proof FILE VKEY LEAF-HASH-HEX")
		os.Exit(2)
	}
	if err := run(args[0], args[1], args[2], args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, "go-reader:", err)
		os.Exit(1)
	}
}

func run(command, place, vkey string, rest []string) error {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return fmt.Errorf("read verifier key: %w", err)
	}
	switch command {
	case "check-dir":
		leaves, err := checkLog(folder(place), verifier, rest)
		if err != nil {
			return err
		}
		return checkProofFiles(place, verifier, leaves)
	case "check-url":
		_, err := checkLog(newServer(place), verifier, rest)
		return err
	case "check-proof":
		if len(rest) != 1 {
			return errors.New("check-proof needs the leaf hash in hex")
		}
		leaf, err := hex.DecodeString(rest[0])
		if err != nil || len(leaf) != sha256.Size {
			return errors.New("the leaf hash is not 64 hexadecimal digits")
		}
		return checkProofFile(place, verifier, func(uint64) ([]byte, error) { return leaf, nil })
	default:
		return fmt.Errorf("unknown command %q", command)
	}
}

// checkLog verifies all of a log and returns its leaf hashes.
func checkLog(source source, verifier note.Verifier, witnesses []string) ([]tlog.Hash, error) {
	signed, err := source.read("checkpoint")
	if err != nil {
		return nil, fmt.Errorf("read checkpoint: %w", err)
	}
	checkpoint, err := openCheckpoint(signed, verifier, witnesses)
	if err != nil {
		return nil, err
	}
	tree := tlog.Tree{N: int64(checkpoint.Size), Hash: tlog.Hash(checkpoint.Hash)}
	leaves, err := readLeaves(source, tree)
	if err != nil {
		return nil, err
	}
	if err := checkEntries(source, leaves); err != nil {
		return nil, err
	}
	if err := checkTreeProofs(tlog.TileHashReader(tree, tiles{source}), tree, leaves); err != nil {
		return nil, err
	}
	fmt.Printf("%s: %d leaves, root %s\n", checkpoint.Origin, tree.N, tree.Hash)
	return leaves, nil
}

func openCheckpoint(signed []byte, verifier note.Verifier, witnesses []string) (*log.Checkpoint, error) {
	var others []note.Verifier
	for _, vkey := range witnesses {
		other, err := formatsnote.NewVerifierForCosignatureV1(vkey)
		if err != nil {
			return nil, fmt.Errorf("read witness key: %w", err)
		}
		others = append(others, other)
	}
	checkpoint, rest, opened, err := log.ParseCheckpoint(signed, verifier.Name(), verifier, others...)
	if err != nil {
		return nil, fmt.Errorf("verify checkpoint: %w", err)
	}
	if len(rest) != 0 {
		return nil, errors.New("the checkpoint has extension lines")
	}
	if len(opened.Sigs) != 1+len(others) {
		return nil, fmt.Errorf("the checkpoint has %d of %d signatures", len(opened.Sigs), 1+len(others))
	}
	return checkpoint, nil
}

// checkTreeProofs makes proofs with one module and verifies them with both.
func checkTreeProofs(reader tlog.HashReader, tree tlog.Tree, leaves []tlog.Hash) error {
	for _, index := range samples(tree.N, -1) {
		record, err := tlog.ProveRecord(tree.N, index, reader)
		if err != nil {
			return fmt.Errorf("prove leaf %d: %w", index, err)
		}
		if err := tlog.CheckRecord(record, tree.N, tree.Hash, index, leaves[index]); err != nil {
			return fmt.Errorf("verify leaf %d: %w", index, err)
		}
		err = merkleproof.VerifyInclusion(rfc6962.DefaultHasher, uint64(index), uint64(tree.N),
			leaves[index][:], slices(record), tree.Hash[:])
		if err != nil {
			return fmt.Errorf("verify leaf %d: %w", index, err)
		}
	}
	for _, old := range samples(tree.N, 0) {
		consistency, err := tlog.ProveTree(tree.N, old, reader)
		if err != nil {
			return fmt.Errorf("prove size %d: %w", old, err)
		}
		root, err := tlog.TreeHash(old, reader)
		if err != nil {
			return fmt.Errorf("root of size %d: %w", old, err)
		}
		err = merkleproof.VerifyConsistency(rfc6962.DefaultHasher, uint64(old), uint64(tree.N),
			slices(consistency), root[:], tree.Hash[:])
		if err != nil {
			return fmt.Errorf("verify size %d: %w", old, err)
		}
	}
	return nil
}

// samples gives numbers between 1 and n, all moved by shift: the ends, the middle, the edges of tiles.
func samples(n, shift int64) []int64 {
	seen := map[int64]bool{}
	var chosen []int64
	for _, number := range []int64{1, 2, n / 3, n / 2, n - 1, n, 255, 256, 257, 65536, 65537} {
		if number >= 1 && number <= n && !seen[number] {
			seen[number] = true
			chosen = append(chosen, number+shift)
		}
	}
	return chosen
}

func slices(hashes []tlog.Hash) [][]byte {
	out := make([][]byte, len(hashes))
	for i := range hashes {
		out[i] = hashes[i][:]
	}
	return out
}

// checkProofFiles verifies every .tlog-proof below a folder against the leaves of the log.
func checkProofFiles(dir string, verifier note.Verifier, leaves []tlog.Hash) error {
	leaf := func(index uint64) ([]byte, error) {
		if index >= uint64(len(leaves)) {
			return nil, fmt.Errorf("the log has no leaf %d", index)
		}
		return leaves[index][:], nil
	}
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".tlog-proof") {
			return err
		}
		return checkProofFile(path, verifier, leaf)
	})
}

func checkProofFile(path string, verifier note.Verifier, leaf func(uint64) ([]byte, error)) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var parsed proof.TLogProof
	if err := parsed.Unmarshal(text); err != nil {
		return fmt.Errorf("read %s: %w", path, err)
	}
	checkpoint, err := openCheckpoint(parsed.Checkpoint, verifier, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	hash, err := leaf(parsed.Index)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	hashes := make([][]byte, len(parsed.Hashes))
	for i := range parsed.Hashes {
		hashes[i] = parsed.Hashes[i][:]
	}
	err = merkleproof.VerifyInclusion(rfc6962.DefaultHasher, parsed.Index, checkpoint.Size, hash, hashes,
		checkpoint.Hash)
	if err != nil {
		return fmt.Errorf("verify %s: %w", path, err)
	}
	fmt.Printf("%s: leaf %d of %d\n", filepath.Base(path), parsed.Index, checkpoint.Size)
	return nil
}
