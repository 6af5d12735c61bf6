package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Longest resource read: an entry bundle of 256 entries of 65535 bytes with their lengths.
const maxResource = 256 * (65535 + 2)

var errAbsent = errors.New("not there")

// A source gives the resources of c2sp.org/tlog-tiles by their path below the log's prefix.
type source interface {
	read(path string) ([]byte, error)
}

type folder string

func (dir folder) read(path string) ([]byte, error) {
	bytes, err := os.ReadFile(filepath.Join(string(dir), filepath.FromSlash(path)))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, errAbsent)
	}
	return bytes, err
}

type server struct {
	prefix string
	client *http.Client
}

func newServer(prefix string) server {
	return server{strings.TrimSuffix(prefix, "/"), &http.Client{Timeout: 30 * time.Second}}
}

func (s server) read(path string) ([]byte, error) {
	reply, err := s.client.Get(s.prefix + "/" + path)
	if err != nil {
		return nil, err
	}
	defer reply.Body.Close()
	if reply.StatusCode == http.StatusNotFound {
		return nil, fmt.Errorf("%s: %w", path, errAbsent)
	}
	if reply.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: status %s", path, reply.Status)
	}
	bytes, err := io.ReadAll(io.LimitReader(reply.Body, maxResource+1))
	if err == nil && len(bytes) > maxResource {
		err = fmt.Errorf("%s: more than %d bytes", path, maxResource)
	}
	return bytes, err
}

// readTile reads a tile or bundle; in place of a partial one that is gone, the full one.
func readTile(source source, path string) (bytes []byte, full bool, err error) {
	bytes, err = source.read(path)
	whole, _, partial := strings.Cut(path, ".p/")
	if partial && errors.Is(err, errAbsent) {
		bytes, err = source.read(whole)
		return bytes, true, err
	}
	return bytes, !partial, err
}

// tiles makes a source readable for Go's sumdb/tlog, whose paths also have the height.
type tiles struct{ source source }

func (tiles) Height() int                     { return 8 }
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, tile := range wanted {
		path := "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
		bytes, _, err := readTile(t.source, path)
		if err != nil {
			return nil, err
		}
		if length := tile.W * tlog.HashSize; len(bytes) > length {
			bytes = bytes[:length]
		}
		out = append(out, bytes)
	}
	return out, nil
}

// readLeaves reads all leaf hashes; sumdb/tlog verifies every tile on the way against the root.
func readLeaves(source source, tree tlog.Tree) ([]tlog.Hash, error) {
	reader := tlog.TileHashReader(tree, tiles{source})
	leaves := make([]tlog.Hash, 0, tree.N)
	for start := int64(0); start < tree.N; start += 256 {
		var indexes []int64
		for n := start; n < min(start+256, tree.N); n++ {
			indexes = append(indexes, tlog.StoredHashIndex(0, n))
		}
		hashes, err := reader.ReadHashes(indexes)
		if err != nil {
			return nil, fmt.Errorf("read leaves from %d: %w", start, err)
		}
		leaves = append(leaves, hashes...)
	}
	if tree.N > 0 {
		root, err := tlog.TreeHash(tree.N, reader)
		if err != nil || root != tree.Hash {
			return nil, fmt.Errorf("the tiles lead to another root: %v", err)
		}
	}
	return leaves, nil
}

// checkEntries reads all entry bundles and compares each entry with its leaf hash.
func checkEntries(source source, leaves []tlog.Hash) error {
	for start := 0; start < len(leaves); start += 256 {
		own := leaves[start:min(start+256, len(leaves))]
		tile := tlog.Tile{H: 8, L: 0, N: int64(start / 256), W: len(own)}
		path := "tile/entries/" + strings.TrimPrefix(tile.Path(), "tile/8/0/")
		bundle, full, err := readTile(source, path)
		if err != nil {
			return fmt.Errorf("read entries: %w", err)
		}
		for place, leaf := range own {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return fmt.Errorf("%s ends within entry %d", path, place)
			}
			length := int(binary.BigEndian.Uint16(bundle))
			if tlog.RecordHash(bundle[2:2+length]) != leaf {
				return fmt.Errorf("entry %d is not that of its leaf", start+place)
			}
			bundle = bundle[2+length:]
		}
		if len(bundle) != 0 && (!full || len(own) == 256) {
			return fmt.Errorf("%s has %d bytes too many", path, len(bundle))
		}
	}
	return nil
}
