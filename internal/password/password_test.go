package password_test

import (
	"context"
	"encoding/hex"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"energiya/internal/password"
)

var cheap = password.Params{Salt: []byte("sixteen bytes ok"), Memory: 64, Passes: 1, Lanes: 1}

func TestHid(t *testing.T) {
	t.Parallel()
	a, b := password.Pepper("pepper"), password.Pepper("salt")
	// printf pepper12345678секретpepper | sha256sum
	require.Equal(t, "56b84a3917788830e1296c82739db77942b9beadc08a551144ae4320c7649a9a", a.Hid("12345678", "секрет"))
	require.NotEqual(t, a.Hid("12345678", "секрет"), b.Hid("12345678", "секрет"))
	require.NotEqual(t, a.Digest(), b.Digest())
}

func TestCardForms(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string][]string{
		"12345678":   {"12345678"},
		" 12345678 ": {"12345678"},
		"0123456":    {"123456", "0123456"},
		"000":        {"0", "000"},
		"0":          {"0"},
		"":           {""},
		"0x12":       {"0x12"},
		"１２３":        {"１２３"},
	} {
		require.Equal(t, want, password.CardForms(typed), typed)
	}
}

func TestProofIsArgon2id(t *testing.T) {
	t.Parallel()
	proof := hex.EncodeToString(password.Proof("hid", cheap))
	require.Equal(t, proof, hex.EncodeToString(password.Proof("hid", cheap)))
	other := cheap
	other.Passes = 2
	require.NotEqual(t, proof, hex.EncodeToString(password.Proof("hid", other)))
	require.NotEqual(t, proof, hex.EncodeToString(password.Proof("hie", cheap)))
}

func TestTheQueueOfTheHasherIsBounded(t *testing.T) {
	t.Parallel()
	h := password.NewHasher(2)
	slow := password.Params{Salt: cheap.Salt, Memory: 19456, Passes: 2, Lanes: 1}
	ctx, stop := context.WithCancel(t.Context())
	var waiting sync.WaitGroup
	for range 100 {
		waiting.Go(func() { _, _ = h.Proofs(ctx, []string{"hid"}, slow) })
	}
	require.Eventually(t, func() bool { return h.Full() != nil }, 5*time.Second, time.Millisecond)
	var busy *password.BusyError
	require.ErrorAs(t, h.Full(), &busy)
	require.GreaterOrEqual(t, busy.RetryAfter, time.Second)
	require.Less(t, busy.RetryAfter, time.Minute)
	stop()
	waiting.Wait()
	require.NoError(t, h.Full(), "who gave up is not waited for")
	require.Zero(t, h.Waiting())

	proofs, err := h.Proofs(t.Context(), []string{"one", "two"}, cheap)
	require.NoError(t, err)
	require.Equal(t, [][]byte{password.Proof("one", cheap), password.Proof("two", cheap)}, proofs)
}
