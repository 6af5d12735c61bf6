package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/transparency-dev/formats/log"
	formatsnote "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"
)

// judged is one request to a witness and the status that its answer must have.
type judged struct {
	what       string
	old        uint64
	checkpoint []byte
	proof      [][]byte
	want       int
}

// ask needs a witness that has cosigned the checkpoint of the log in folder, and nothing later.
func ask(address, vkey, folder, keyFile string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	signer, err := readSigner(keyFile)
	if err != nil {
		return err
	}
	published, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		return err
	}
	var latest log.Checkpoint
	if _, err := latest.Unmarshal(published); err != nil {
		return err
	}
	signed, err := sign(signer, latest)
	if err != nil {
		return err
	}
	questions, err := wrong(ctx, folder, signer, latest, signed)
	if err != nil {
		return err
	}
	for _, question := range questions {
		status, body, err := addCheckpoint(ctx, address, question.old, question.checkpoint, question.proof)
		if err != nil {
			return fmt.Errorf("%s: %w", question.what, err)
		}
		if status != question.want {
			return fmt.Errorf("%s: answered %d and not %d: %s", question.what, status, question.want, body)
		}
		if told := fmt.Sprintf("%d\n", latest.Size); status == http.StatusConflict && string(body) != told {
			return fmt.Errorf("%s: told of size %q and not %q", question.what, body, told)
		}
	}
	// the very same once more is cosigned again
	status, lines, err := addCheckpoint(ctx, address, latest.Size, signed, nil)
	if err != nil || status != http.StatusOK {
		return fmt.Errorf("cosign: %d %s %w", status, lines, err)
	}
	verifier, err := formatsnote.NewVerifierForCosignatureV1(vkey)
	if err != nil {
		return err
	}
	opened, err := note.Open(append(signed, lines...), note.VerifierList(verifier))
	if err != nil {
		return fmt.Errorf("verify the cosignature: %w", err)
	}
	if len(opened.Sigs) != 1 {
		return fmt.Errorf("%d cosignatures verify", len(opened.Sigs))
	}
	fmt.Printf("cosigned at %d leaves, %d wrong requests refused\n", latest.Size, len(questions))
	return nil
}

// addCheckpoint sends what c2sp.org/tlog-witness says.
func addCheckpoint(ctx context.Context, address string, old uint64, checkpoint []byte, proof [][]byte) (int, []byte, error) {
	body := bytes.NewBufferString(fmt.Sprintf("old %d\n", old))
	for _, hash := range proof {
		fmt.Fprintln(body, base64.StdEncoding.EncodeToString(hash))
	}
	fmt.Fprintln(body)
	body.Write(checkpoint)
	target := strings.TrimSuffix(address, "/") + "/add-checkpoint"
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, body)
	if err != nil {
		return 0, nil, err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	read, err := io.ReadAll(answer.Body)
	return answer.StatusCode, read, err
}

// wrong makes requests that must be refused.
func wrong(ctx context.Context, folder string, signer note.Signer, latest log.Checkpoint, signed []byte) ([]judged, error) {
	half := latest.Size / 2
	builder, err := client.NewProofBuilder(ctx, latest.Size, client.FileFetcher{Root: folder}.ReadTile)
	if err != nil {
		return nil, err
	}
	proof, err := builder.ConsistencyProof(ctx, half, latest.Size)
	if err != nil {
		return nil, err
	}
	fork := latest
	fork.Hash = append([]byte{latest.Hash[0] ^ 1}, latest.Hash[1:]...)
	forked, err := sign(signer, fork)
	if err != nil {
		return nil, err
	}
	longer := fork
	longer.Size = latest.Size + 1
	longerSigned, err := sign(signer, longer)
	if err != nil {
		return nil, err
	}
	stranger := latest
	stranger.Origin = "stranger.example"
	strange, err := sign(signer, stranger)
	if err != nil {
		return nil, err
	}
	forgedBytes := append([]byte{}, signed...)
	// the last bytes of the signature, before padding and newline
	forgedBytes[len(forgedBytes)-6] = "AB"[b2i(forgedBytes[len(forgedBytes)-6] == 'A')]
	return []judged{
		{"an old size", half, signed, proof, http.StatusConflict},
		{"the first size again", 0, signed, nil, http.StatusConflict},
		{"another root of the same size", latest.Size, forked, nil, http.StatusUnprocessableEntity},
		{"a longer log without a proof", latest.Size, longerSigned, nil, http.StatusUnprocessableEntity},
		{"a longer log with another proof", latest.Size, longerSigned, proof, http.StatusUnprocessableEntity},
		{"an old size above the new", latest.Size + 1, signed, nil, http.StatusBadRequest},
		{"a log that is not known", 0, strange, nil, http.StatusNotFound},
		{"a forged signature", latest.Size, forgedBytes, nil, http.StatusForbidden},
	}, nil
}

func sign(signer note.Signer, checkpoint log.Checkpoint) ([]byte, error) {
	return note.Sign(&note.Note{Text: string(checkpoint.Marshal())}, signer)
}

func b2i(yes bool) int {
	if yes {
		return 1
	}
	return 0
}
