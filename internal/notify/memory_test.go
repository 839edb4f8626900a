package notify_test

import (
	"context"
	"errors"
	"testing"

	"github.com/weirhq/weir/internal/notify"
	"github.com/weirhq/weir/internal/notify/notifytest"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	notifytest.Test(t, func(*testing.T) (notify.Sender, func() []notify.Message) {
		m := &notify.Memory{}
		return m, m.Sent
	})
}

func TestMemoryFailsWhenItIsTold(t *testing.T) {
	m := &notify.Memory{}
	why := errors.New("away")
	m.Fail(why)
	if err := m.Send(context.Background(), &notify.Message{ID: "a"}); !errors.Is(err, why) {
		t.Errorf("%v", err)
	}
	m.Fail(nil)
	if err := m.Send(context.Background(), &notify.Message{ID: "a"}); err != nil || len(m.Sent()) != 1 {
		t.Errorf("%v, %v", err, m.Sent())
	}
}
