// Tessera's POSIX driver, in process, fed in batches: the peer of `cargo run --release -p strongroom-load --bin ledger`.
//
// usage: go run . -folder EMPTY_FOLDER -leaves 1000000
package main

import (
	"context"
	"crypto/rand"
	"flag"
	"fmt"
	"log"
	"sync"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

func main() {
	folder := flag.String("folder", "", "an empty folder on the disk to be measured")
	leaves := flag.Int("leaves", 1_000_000, "how many leaves")
	clients := flag.Int("clients", 3072, "leaves that wait at the same time")
	batch := flag.Uint("batch", 4096, "most leaves of one batch")
	age := flag.Duration("age", 50*time.Millisecond, "longest wait of a batch")
	interval := flag.Duration("interval", 100*time.Millisecond, "between two checkpoints")
	flag.Parse()
	ctx := context.Background()
	secret, _, err := note.GenerateKey(rand.Reader, "strongroom.test/peer")
	check(err)
	signer, err := note.NewSigner(secret)
	check(err)
	driver, err := posix.New(ctx, posix.Config{Path: *folder})
	check(err)
	options := tessera.NewAppendOptions().WithCheckpointSigner(signer).WithBatching(*batch, *age).WithCheckpointInterval(*interval)
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, options)
	check(err)
	begin := time.Now()
	var all sync.WaitGroup
	each := *leaves / *clients
	for client := range *clients {
		all.Add(1)
		go func() {
			defer all.Done()
			for place := range each {
				entry := fmt.Appendf(make([]byte, 0, 74), "%-74d", client*each+place)
				_, err := appender.Add(ctx, tessera.NewEntry(entry))()
				check(err)
			}
		}()
	}
	all.Wait()
	count := each * *clients
	durable := time.Since(begin)
	for {
		size, err := reader.IntegratedSize(ctx)
		check(err)
		if size >= uint64(count) {
			break
		}
		time.Sleep(time.Millisecond)
	}
	integrated := time.Since(begin)
	check(shutdown(ctx))
	fmt.Printf("%d leaves, sequenced after %.2f s (%.0f/s), integrated after %.2f s (%.0f/s)\n",
		count, durable.Seconds(), float64(count)/durable.Seconds(), integrated.Seconds(), float64(count)/integrated.Seconds())
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
