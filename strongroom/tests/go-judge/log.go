package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

// patience is far more than a loaded machine needs.
const patience = 2 * time.Minute

func makeKey(file, name string) error {
	secret, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
		return err
	}
	fmt.Println(public)
	return nil
}

func readSigner(file string) (note.Signer, error) {
	secret, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return note.NewSigner(strings.TrimSpace(string(secret)))
}

func keepLog(folder, keyFile, policyFile string, leaves int) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	signer, err := readSigner(keyFile)
	if err != nil {
		return err
	}
	policy, err := os.ReadFile(policyFile)
	if err != nil {
		return err
	}
	witnesses, err := tessera.NewWitnessGroupFromPolicy(policy)
	if err != nil {
		return err
	}
	driver, err := posix.New(ctx, posix.Config{Path: folder})
	if err != nil {
		return err
	}
	options := tessera.NewAppendOptions().WithCheckpointSigner(signer).
		WithBatching(256, 10*time.Millisecond).
		WithCheckpointInterval(100*time.Millisecond).
		WithWitnesses(witnesses, &tessera.WitnessOptions{Timeout: patience})
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		return err
	}
	// in two halves, so that the witness is asked for a step too
	awaiter := tessera.NewPublicationAwaiter(ctx, reader.ReadCheckpoint, 50*time.Millisecond)
	for _, upto := range []int{leaves / 2, leaves} {
		if err := appendUpTo(ctx, appender, awaiter, upto, leaves/2); err != nil {
			return err
		}
	}
	if err := shutdown(ctx); err != nil {
		return err
	}
	checkpoint, err := reader.ReadCheckpoint(ctx)
	if err != nil {
		return err
	}
	if !witnesses.Satisfied(checkpoint) {
		return fmt.Errorf("published without its witnesses:\n%s", checkpoint)
	}
	return serve(folder)
}

func appendUpTo(ctx context.Context, appender *tessera.Appender, awaiter *tessera.PublicationAwaiter, upto, half int) error {
	first := 0
	if upto > half {
		first = half
	}
	var futures []tessera.IndexFuture
	for n := first; n < upto; n++ {
		futures = append(futures, appender.Add(ctx, tessera.NewEntry(fmt.Appendf(nil, "entry %d", n))))
	}
	for _, future := range futures {
		if _, _, err := awaiter.Await(ctx, future); err != nil {
			return err
		}
	}
	return nil
}

// serve hands the folder out until standard input ends.
func serve(folder string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s/\n", listener.Addr())
	go func() {
		_ = http.Serve(listener, http.FileServer(http.Dir(folder)))
	}()
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
