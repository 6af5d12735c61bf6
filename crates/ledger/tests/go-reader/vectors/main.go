// Command vectors writes fixtures/merkle/proofs-v1.json: proofs made and judged by transparency-dev/merkle.
//
// Each proof is followed by spoiled forms of it. "valid" is the verdict of that module, not ours.
// Run in the module's folder: go run ./vectors > ../../../../fixtures/merkle/proofs-v1.json
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
)

type inclusion struct {
	Why   string   `json:"why"`
	Index uint64   `json:"index"`
	Size  uint64   `json:"size"`
	Leaf  []byte   `json:"leaf"`
	Root  []byte   `json:"root"`
	Proof [][]byte `json:"proof"`
	Valid bool     `json:"valid"`
}

type consistency struct {
	Why     string   `json:"why"`
	Old     uint64   `json:"old"`
	New     uint64   `json:"new"`
	OldRoot []byte   `json:"old_root"`
	NewRoot []byte   `json:"new_root"`
	Proof   [][]byte `json:"proof"`
	Valid   bool     `json:"valid"`
}

type vectors struct {
	Source      string        `json:"source"`
	Entries     [][]byte      `json:"entries"`
	Roots       [][]byte      `json:"roots"`
	Inclusion   []inclusion   `json:"inclusion"`
	Consistency []consistency `json:"consistency"`
}

func main() {
	tree := testonly.New(rfc6962.DefaultHasher)
	out := vectors{
		Source:  "made and judged by github.com/transparency-dev/merkle v0.0.2, whose first eight entries these are; Apache-2.0, see LICENSE-TRANSPARENCY-DEV",
		Entries: testonly.LeafInputs(),
		Roots:   testonly.RootHashes(),
	}
	tree.AppendData(testonly.LeafInputs()...)
	for n := tree.Size(); n < 300; n++ {
		tree.AppendData(fmt.Appendf(nil, "entry %d", n))
	}
	for _, at := range [][2]uint64{{0, 1}, {0, 2}, {1, 2}, {2, 3}, {0, 8}, {5, 8}, {6, 7}, {4, 5}, {12, 13}, {256, 300}, {17, 300}} {
		out.Inclusion = append(out.Inclusion, inclusions(tree, at[0], at[1])...)
	}
	for _, at := range [][2]uint64{{1, 1}, {1, 2}, {2, 3}, {1, 8}, {4, 8}, {6, 8}, {3, 7}, {5, 13}, {8, 13}, {12, 13}, {255, 300}, {256, 300}, {300, 300}} {
		out.Consistency = append(out.Consistency, consistencies(tree, at[0], at[1])...)
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	check(encoder.Encode(out))
}

func inclusions(tree *testonly.Tree, index, size uint64) []inclusion {
	hashes, err := tree.InclusionProof(index, size)
	check(err)
	good := inclusion{"as made", index, size, tree.LeafHash(index), tree.HashAt(size), hashes, false}
	cases := []inclusion{good}
	with := func(why string, change func(*inclusion)) {
		spoiled := good
		spoiled.Why = why
		change(&spoiled)
		cases = append(cases, spoiled)
	}
	with("index + 1", func(v *inclusion) { v.Index++ })
	with("index ^ 2", func(v *inclusion) { v.Index ^= 2 })
	with("size + 1", func(v *inclusion) { v.Size++ })
	with("size * 2", func(v *inclusion) { v.Size *= 2 })
	with("size / 2", func(v *inclusion) { v.Size /= 2 })
	with("size - 1", func(v *inclusion) { v.Size-- })
	with("other leaf", func(v *inclusion) { v.Leaf = flip(v.Leaf) })
	with("other root", func(v *inclusion) { v.Root = flip(v.Root) })
	with("leaf as root", func(v *inclusion) { v.Root = v.Leaf })
	for _, spoiled := range spoil(hashes, good.Leaf, good.Root) {
		with(spoiled.why, func(v *inclusion) { v.Proof = spoiled.hashes })
	}
	for i := range cases {
		v := &cases[i]
		v.Valid = v.Size > 0 && proof.VerifyInclusion(rfc6962.DefaultHasher, v.Index, v.Size, v.Leaf, v.Proof, v.Root) == nil
	}
	return cases
}

func consistencies(tree *testonly.Tree, old, new uint64) []consistency {
	hashes, err := tree.ConsistencyProof(old, new)
	check(err)
	good := consistency{"as made", old, new, tree.HashAt(old), tree.HashAt(new), hashes, false}
	cases := []consistency{good}
	with := func(why string, change func(*consistency)) {
		spoiled := good
		spoiled.Why = why
		change(&spoiled)
		cases = append(cases, spoiled)
	}
	with("old + 1", func(v *consistency) { v.Old++ })
	with("new + 1", func(v *consistency) { v.New++ })
	with("new - 1", func(v *consistency) { v.New-- })
	with("new * 2", func(v *consistency) { v.New *= 2 })
	with("sizes swapped", func(v *consistency) { v.Old, v.New = v.New, v.Old })
	with("roots swapped", func(v *consistency) { v.OldRoot, v.NewRoot = v.NewRoot, v.OldRoot })
	with("other old root", func(v *consistency) { v.OldRoot = flip(v.OldRoot) })
	with("other new root", func(v *consistency) { v.NewRoot = flip(v.NewRoot) })
	for _, spoiled := range spoil(hashes, good.OldRoot, good.NewRoot) {
		with(spoiled.why, func(v *consistency) { v.Proof = spoiled.hashes })
	}
	for i := range cases {
		v := &cases[i]
		v.Valid = proof.VerifyConsistency(rfc6962.DefaultHasher, v.Old, v.New, v.Proof, v.OldRoot, v.NewRoot) == nil
	}
	return cases
}

type spoiled struct {
	why    string
	hashes [][]byte
}

// spoil gives the hashes of a proof changed, left out, added and moved.
func spoil(hashes [][]byte, first, last []byte) []spoiled {
	join := func(parts ...[][]byte) (out [][]byte) {
		out = [][]byte{}
		for _, part := range parts {
			out = append(out, part...)
		}
		return out
	}
	cases := []spoiled{
		{"first before", join([][]byte{first}, hashes)},
		{"last before", join([][]byte{last}, hashes)},
		{"first after", join(hashes, [][]byte{first})},
		{"last after", join(hashes, [][]byte{last})},
	}
	for i := range hashes {
		changed := join(hashes)
		changed[i] = flip(changed[i])
		cases = append(cases, spoiled{fmt.Sprintf("hash %d changed", i), changed})
	}
	if n := len(hashes); n > 0 {
		cases = append(cases, spoiled{"none", [][]byte{}}, spoiled{"without first", join(hashes[1:])},
			spoiled{"without last", join(hashes[:n-1])}, spoiled{"last twice", join(hashes, hashes[n-1:])})
		if n > 1 {
			turned := join(hashes[1:], hashes[:1])
			cases = append(cases, spoiled{"first moved to the end", turned})
		}
	}
	return cases
}

func flip(hash []byte) []byte {
	out := append([]byte{}, hash...)
	out[4] ^= 0x10
	return out
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
