package main
import ("testing";"net";"time")
func TestZZ(t *testing.T){
 a,_:=listenTCP("127.0.0.1:0",true)
 b,err:=listenTCP(a.Addr().String(),true)
 t.Log(err)
 t.Log(onSocket(b, steerToAll))
 count:=func()(x int){ for range 50 { c,_:=net.Dial("tcp",a.Addr().String()); _ = c }
   time.Sleep(50*time.Millisecond)
   return 0}
 na,nb:=0,0
 go func(){for{ if c,err:=a.Accept();err==nil{na++; c.Close()} }}()
 go func(){for{ if c,err:=b.Accept();err==nil{nb++; c.Close()} }}()
 count(); t.Log(na,nb)
 t.Log(onSocket(a, steerToSecond))
 count(); t.Log(na,nb)
 c,_:=listenTCP(a.Addr().String(),true)
 _ = c
 t.Log(onSocket(b, steerToAll))
 count(); t.Log(na,nb)
}
