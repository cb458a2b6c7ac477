// Opens checkpoints, and signs them, with the library that defined signed notes: golang.org/x/mod/sumdb/note. Checks proofs of records with the
// one beside it: golang.org/x/mod/sumdb/tlog.
//
// note open VERIFIER < NOTE    prints the text that the key has signed
// note sign SECRET < TEXT      prints the note
// note proof VERIFIER < FILE   prints the record that a .tlog-proof with its record proves
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("usage: note open VERIFIER | note sign SECRET | note proof VERIFIER")
	}
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	if args[0] == "proof" {
		return proof(args[1], input)
	}
	if args[0] == "open" {
		verifier, err := note.NewVerifier(args[1])
		if err != nil {
			return err
		}
		opened, err := note.Open(input, note.VerifierList(verifier))
		if err != nil {
			return err
		}
		fmt.Print(opened.Text)
		return nil
	}
	signer, err := note.NewSigner(args[1])
	if err != nil {
		return err
	}
	signed, err := note.Sign(&note.Note{Text: string(input)}, signer)
	if err != nil {
		return err
	}
	fmt.Print(string(signed))
	return nil
}

// proof reads a file line by line, as Go's readers of this format do: none of its lines may be longer than 64 KiB.
func proof(key string, input []byte) error {
	head, checkpoint, found := bytes.Cut(input, []byte("\n\n"))
	if !found {
		return fmt.Errorf("there is no checkpoint")
	}
	var record []byte
	var hashes tlog.RecordProof
	index := int64(-1)
	lines := bufio.NewScanner(bytes.NewReader(head))
	for at := 0; lines.Scan(); at++ {
		line := lines.Text()
		var err error
		switch {
		case at == 0 && line == "c2sp.org/tlog-proof@v1":
		case at == 1 && strings.HasPrefix(line, "extra "):
			record, err = base64.StdEncoding.DecodeString(line[len("extra "):])
		case index < 0 && strings.HasPrefix(line, "index "):
			index, err = strconv.ParseInt(line[len("index "):], 10, 64)
		default:
			var hash tlog.Hash
			hash, err = tlog.ParseHash(line)
			hashes = append(hashes, hash)
		}
		if err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	opened, err := note.Open(checkpoint, note.VerifierList(verifier))
	if err != nil {
		return err
	}
	said := strings.Split(opened.Text, "\n")
	size, err := strconv.ParseInt(said[1], 10, 64)
	if err != nil {
		return err
	}
	root, err := tlog.ParseHash(said[2])
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(hashes, size, root, index, tlog.RecordHash(record)); err != nil {
		return err
	}
	fmt.Print(string(record))
	return nil
}
